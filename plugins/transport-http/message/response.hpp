// One answer and its head's text.
//
// Threads:   a value; pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/status.hpp"

namespace kvhost::http {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProblemJson = "application/problem+json";
inline constexpr std::string_view kOctetStream = "application/octet-stream";
inline constexpr std::string_view kNdjson = "application/x-ndjson";

struct Response {
  int status = 200;
  std::string_view content_type = kJson;  // a literal
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;  // names are literals
  bool streamed = false;  // the body follows in pieces of unknown total length

  void add(std::string_view name, std::string value) {
    headers.emplace_back(name, std::move(value));
  }
};

// What the connection adds to an answer.
struct Framing {
  bool http_1_0 = false;
  bool keep_alive = true;
  std::string_view request_id;
  std::string_view date;
};
// Status line and headers with the empty line.
std::string head_text(const Response& response, const Framing& framing);

// An application/problem+json answer for a failed status; 429 and 503 get a Retry-After.
struct ProblemExtras {
  int http_status = 0;  // 0 = the status table's
  std::string members;  // more members, as ",\"name\":value"
};
Response problem(const Status& status, const ProblemExtras& extras = {});

}  // namespace kvhost::http
