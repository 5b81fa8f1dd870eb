// Judges a request by its head: which route, how large a body, or why not.
//
// Threads:   any; a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "message/request.hpp"
#include "message/response.hpp"
#include "session/service.hpp"

namespace kvhost::http {

struct Route;

struct Admission {
  Target target;
  const Route* route = nullptr;
  std::string capture;
  uint64_t max_body_bytes = 0;
  std::optional<Response> refusal;
};

Admission admit(const Request& head, const Limits& limits);

// True when the media type of a Content-Type is `type`.
bool has_content_type(const Request& request, std::string_view type);
// The first of `offered` that the Accept header names; none when it names none of them.
std::optional<std::string_view> accepted_type(const Request& request,
                                              std::initializer_list<std::string_view> offered);

}  // namespace kvhost::http
