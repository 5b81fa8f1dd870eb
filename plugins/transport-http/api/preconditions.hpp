// If-Match and If-None-Match as conditions of a write; versions as entity tags.
//
// Threads:   any.
// Errors:    INVALID_ARGUMENT for anything but "<version>" and *.
#pragma once

#include <string>
#include <string_view>

#include "kvhost/store.hpp"
#include "message/request.hpp"
#include "message/response.hpp"

namespace kvhost::http {

Status add_preconditions(const Request& request, std::string_view key, WriteRequest& write);

// "7" with its quotes.
std::string entity_tag(uint64_t version);

// The problem of a write that failed; a failed condition carries the key's current version.
ProblemExtras write_problem_extras(const Status& status, const WriteReply& reply);

}  // namespace kvhost::http
