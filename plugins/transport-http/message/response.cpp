#include "message/response.hpp"

#include <boost/beast/http/status.hpp>

#include "text/json_text.hpp"
#include "text/utf8.hpp"

namespace kvhost::http {
namespace {

constexpr std::string_view kRetryAfterSeconds = "1";

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_text_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, is_utf8(text) ? text : "(bytes that are no UTF-8)");
}

}  // namespace

std::string head_text(const Response& response, const Framing& framing) {
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  std::string out;
  out.reserve(256);
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out.append(reason.data(), reason.size());
  out += "\r\nServer: kvhost\r\n";
  if (!framing.date.empty()) append_header(out, "Date", framing.date);
  if (!response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  if (!response.streamed) {
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  } else if (!framing.http_1_0) {
    append_header(out, "Transfer-Encoding", "chunked");
  }
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  if (!framing.request_id.empty()) append_header(out, "X-Request-Id", framing.request_id);
  if (!framing.keep_alive) {
    append_header(out, "Connection", "close");
  } else if (framing.http_1_0) {
    append_header(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  return out;
}

Response problem(const Status& status, const ProblemExtras& extras) {
  const StatusInfo& info = status.info();
  Response response;
  response.status = extras.http_status != 0 ? extras.http_status : info.http_status;
  response.content_type = kProblemJson;
  response.body = "{\"type\":\"about:blank\"";
  append_text_member(response.body, "title", info.meaning);
  response.body += ",\"status\":" + std::to_string(response.status);
  append_text_member(response.body, "code", info.name);
  append_text_member(response.body, "detail", status.message());
  append_text_member(response.body, "remedy", info.remedy);
  response.body += extras.members;
  response.body += '}';
  if (response.status == 503 || response.status == 429) {
    response.add("Retry-After", std::string(kRetryAfterSeconds));
  }
  return response;
}

}  // namespace kvhost::http
