// Makes requests out of bytes, in any pieces: head first, so that the caller can say how large the
// body may be, then the body. Beast parses; what it lets pass and a neighbour might read
// differently (two lengths, a length and a transfer coding, folded lines, bare line feeds) is
// refused here.
//
// Threads:   one.
// Errors:    Failure says what to answer; the connection cannot go on after it.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kvhost/status.hpp"
#include "message/input_buffer.hpp"
#include "message/request.hpp"

namespace kvhost::http {

struct ReadLimits {
  std::size_t max_line_bytes = 0;     // the request line
  std::size_t max_headers_bytes = 0;  // the header lines together
};

class RequestReader {
 public:
  enum class Progress { kNeedMore, kHead, kComplete, kFailed };
  struct Failure {
    Status status;
    int http_status = 0;  // 0 = the status table's
  };

  RequestReader(ReadLimits limits, BodyBudget* budget);

  // Takes what it can from the front of `input`. After kHead call accept_body() before the next
  // advance(); after kComplete take(); after kFailed only failure().
  Progress advance(InputBuffer& input);

  // The head, complete but for its target, which the caller parses.
  const Request& head() const { return head_; }
  std::optional<uint64_t> content_length() const { return content_length_; }
  bool has_body() const { return chunked_ || content_length_.value_or(0) != 0; }
  // keep = false: the body is read and dropped. A longer body fails with TOO_LARGE.
  void accept_body(uint64_t limit_bytes, bool keep);

  Request take();
  const Failure& failure() const { return failure_; }

  // True from the first byte of a request until it is complete.
  bool in_body() const { return stage_ == Stage::kBody; }
  uint64_t body_bytes() const { return parser_ ? parser_->get().body().seen : 0; }

 private:
  enum class Stage { kHead, kBody, kFailed };
  using Parser = boost::beast::http::request_parser<BoundedBody>;

  Progress read_head(InputBuffer& input);
  Progress read_body(InputBuffer& input);
  Progress scan_lines(std::string_view bytes);
  Progress end_line(std::string_view bytes, std::size_t line_feed);
  Progress parse_head(InputBuffer& input);
  Progress check_head();
  Progress check_framing();
  Progress fail(StatusCode code, std::string text, int http_status = 0);

  const ReadLimits limits_;
  BodyBudget* const budget_;
  Stage stage_ = Stage::kHead;
  std::optional<Parser> parser_;
  std::size_t scanned_ = 0;     // bytes of the head that were looked at
  std::size_t line_start_ = 0;  // of the line that is being scanned
  std::size_t first_line_ = 0;  // bytes of the request line once its end was seen
  bool chunked_ = false;
  std::optional<uint64_t> content_length_;
  uint64_t body_limit_ = 0;
  Request head_;
  Failure failure_;
};

}  // namespace kvhost::http
