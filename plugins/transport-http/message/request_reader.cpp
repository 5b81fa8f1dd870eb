#include "message/request_reader.hpp"

#include <boost/beast/http/error.hpp>
#include <limits>
#include <string>

namespace kvhost::http {
namespace {

namespace beast_http = boost::beast::http;

// Chunk sizes, extensions and trailers that wait for their end.
constexpr std::size_t kMaxChunkHeadBytes = 16 << 10;

bool begins_a_method(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~0123456789").find(c) != std::string_view::npos;
}

// True when the request line has three words of which the last is some "HTTP/…".
bool names_a_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const auto first = line.find(' ');
  const auto second = line.find(' ', first + 1);
  return first != std::string_view::npos && second != std::string_view::npos &&
         line.find(' ', second + 1) == std::string_view::npos &&
         line.substr(second + 1, 5) == "HTTP/";
}

}  // namespace

RequestReader::RequestReader(ReadLimits limits, BodyBudget* budget)
    : limits_(limits), budget_(budget) {}

RequestReader::Progress RequestReader::fail(StatusCode code, std::string text, int http_status) {
  stage_ = Stage::kFailed;
  failure_ = {Status(code, std::move(text)), http_status};
  return Progress::kFailed;
}

RequestReader::Progress RequestReader::advance(InputBuffer& input) {
  if (stage_ == Stage::kHead) return read_head(input);
  if (stage_ == Stage::kBody) return read_body(input);
  return Progress::kFailed;
}

RequestReader::Progress RequestReader::read_head(InputBuffer& input) {
  // Some clients put an empty line between requests (RFC 9112, 2.2).
  while (scanned_ == 0 && input.view().substr(0, 2) == "\r\n") input.consume(2);
  const std::string_view bytes = input.view();
  if (bytes.empty() || bytes == "\r") return Progress::kNeedMore;
  if (!begins_a_method(bytes.front())) {
    return fail(StatusCode::PROTOCOL_ERROR,
                "expected the method of an HTTP/1.1 request, found a byte that begins none");
  }
  const Progress scanned = scan_lines(bytes);
  return scanned == Progress::kHead ? parse_head(input) : scanned;
}

// kHead when bytes [0, scanned_) are one whole head.
RequestReader::Progress RequestReader::scan_lines(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const auto line_feed = bytes.find('\n', scanned_);
    if (line_feed == std::string_view::npos) {
      scanned_ = bytes.size();
      break;
    }
    scanned_ = line_feed + 1;
    const Progress progress = end_line(bytes, line_feed);
    if (progress != Progress::kNeedMore) return progress;
  }
  if (first_line_ == 0 && scanned_ > limits_.max_line_bytes) {
    return fail(StatusCode::URI_TOO_LONG, "the request line is longer than " +
                                              std::to_string(limits_.max_line_bytes) +
                                              " bytes, the room of a percent-encoded largest key");
  }
  if (first_line_ != 0 && scanned_ - first_line_ > limits_.max_headers_bytes) {
    return fail(
        StatusCode::HEADERS_TOO_LARGE,
        "the headers are longer than " + std::to_string(limits_.max_headers_bytes) + " bytes");
  }
  return Progress::kNeedMore;
}

RequestReader::Progress RequestReader::end_line(std::string_view bytes, std::size_t line_feed) {
  const std::string_view line = bytes.substr(line_start_, line_feed - line_start_);
  if (line.empty() || line.back() != '\r') {
    return fail(StatusCode::PROTOCOL_ERROR,
                "a line of the head ends with a line feed alone; lines end with CR LF");
  }
  line_start_ = line_feed + 1;
  if (first_line_ == 0) {
    first_line_ = line_start_;
    if (first_line_ <= limits_.max_line_bytes) return Progress::kNeedMore;
    return fail(StatusCode::URI_TOO_LONG, "the request line is longer than " +
                                              std::to_string(limits_.max_line_bytes) +
                                              " bytes, the room of a percent-encoded largest key");
  }
  if (line_start_ - first_line_ > limits_.max_headers_bytes) {
    return fail(
        StatusCode::HEADERS_TOO_LARGE,
        "the headers are longer than " + std::to_string(limits_.max_headers_bytes) + " bytes");
  }
  if (line.front() == ' ' || line.front() == '\t') {
    return fail(StatusCode::PROTOCOL_ERROR, "a header line is folded; write it as one line");
  }
  return line.size() == 1 ? Progress::kHead : Progress::kNeedMore;
}

RequestReader::Progress RequestReader::parse_head(InputBuffer& input) {
  parser_.emplace();
  parser_->header_limit(std::numeric_limits<std::uint32_t>::max());
  parser_->body_limit(boost::none);
  parser_->get().body().lease = BodyLease(budget_);
  boost::beast::error_code ec;
  const auto used = parser_->put({input.view().data(), scanned_}, ec);
  if (ec == beast_http::error::bad_version && names_a_version(input.view())) {
    return fail(StatusCode::PROTOCOL_ERROR, "expected HTTP/1.1 or HTTP/1.0", 505);
  }
  if (ec) {
    return fail(StatusCode::PROTOCOL_ERROR,
                "the head of the request is malformed: " + ec.message());
  }
  input.consume(used);
  scanned_ = line_start_ = first_line_ = 0;
  chunked_ = parser_->chunked();
  content_length_.reset();
  if (const auto length = parser_->content_length()) content_length_ = *length;
  // Taken out here, so that a trailer cannot add to what was judged.
  head_ = Request();
  head_.message.base() = std::move(parser_->get().base());
  stage_ = Stage::kBody;
  return check_head();
}

RequestReader::Progress RequestReader::check_head() {
  const unsigned version = head_.message.version();
  if (version != 10 && version != 11) {
    return fail(StatusCode::PROTOCOL_ERROR, "expected HTTP/1.1 or HTTP/1.0", 505);
  }
  const std::size_t hosts = head_.count_header("Host");
  if (hosts > 1 || (hosts == 0 && version == 11)) {
    return fail(StatusCode::PROTOCOL_ERROR,
                "expected one Host header, found " + std::to_string(hosts));
  }
  return check_framing();
}

RequestReader::Progress RequestReader::check_framing() {
  const std::size_t codings = head_.count_header("Transfer-Encoding");
  const std::size_t lengths = head_.count_header("Content-Length");
  if (codings != 0 && lengths != 0) {
    return fail(StatusCode::PROTOCOL_ERROR,
                "the request has both Content-Length and Transfer-Encoding");
  }
  if (lengths > 1 || head_.header("Content-Length").find(',') != std::string_view::npos) {
    return fail(StatusCode::PROTOCOL_ERROR, "the request has more than one Content-Length");
  }
  if (codings > 1 ||
      (codings == 1 && !equals_ignoring_case(head_.header("Transfer-Encoding"), "chunked"))) {
    return fail(StatusCode::PROTOCOL_ERROR,
                "the only transfer coding that is understood is: Transfer-Encoding: chunked");
  }
  if (codings == 1 && head_.is_http_1_0()) {
    return fail(StatusCode::PROTOCOL_ERROR, "HTTP/1.0 has no transfer codings");
  }
  return Progress::kHead;
}

void RequestReader::accept_body(uint64_t limit_bytes, bool keep) {
  body_limit_ = limit_bytes;
  parser_->body_limit(limit_bytes);
  parser_->get().body().keep = keep;
}

RequestReader::Progress RequestReader::read_body(InputBuffer& input) {
  if (content_length_.value_or(0) > body_limit_) {
    return fail(StatusCode::TOO_LARGE, "the body has " + std::to_string(*content_length_) +
                                           " bytes; this request takes at most " +
                                           std::to_string(body_limit_));
  }
  while (!parser_->is_done()) {
    const std::string_view bytes = input.view();
    if (bytes.empty()) return Progress::kNeedMore;
    boost::beast::error_code ec;
    const auto used = parser_->put({bytes.data(), bytes.size()}, ec);
    input.consume(used);
    if (ec == beast_http::error::need_more) {
      if (bytes.size() - used <= kMaxChunkHeadBytes) return Progress::kNeedMore;
      return fail(StatusCode::PROTOCOL_ERROR,
                  "the head of a chunk, or the trailer, is longer than " +
                      std::to_string(kMaxChunkHeadBytes) + " bytes");
    }
    if (ec == beast_http::error::body_limit) {
      return fail(StatusCode::TOO_LARGE, "the chunks of the body come to more than the " +
                                             std::to_string(body_limit_) +
                                             " bytes that this request takes");
    }
    if (ec == boost::system::errc::no_buffer_space) {
      return fail(StatusCode::OVERLOADED,
                  "the bodies of all requests together need more memory than max_body_memory");
    }
    if (ec) {
      return fail(StatusCode::PROTOCOL_ERROR, "the body is malformed: " + ec.message());
    }
  }
  return Progress::kComplete;
}

Request RequestReader::take() {
  head_.message.body() = std::move(parser_->get().body());
  parser_.reset();
  stage_ = Stage::kHead;
  return std::move(head_);
}

}  // namespace kvhost::http
