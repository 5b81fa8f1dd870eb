#include "api/preconditions.hpp"

#include <charconv>

namespace kvhost::http {

Status add_preconditions(const Request& request, std::string_view key, WriteRequest& write) {
  if (request.has_header("If-None-Match")) {
    if (request.header("If-None-Match") != "*") {
      return {StatusCode::INVALID_ARGUMENT,
              "the header If-None-Match must be *, which requires that the key is absent"};
    }
    write.require_absent(key);
  }
  if (!request.has_header("If-Match")) return {};
  std::string_view tag = request.header("If-Match");
  if (tag == "*") {
    write.require_present(key);
    return {};
  }
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
  }
  uint64_t version = 0;
  const auto parsed = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  if (parsed.ec != std::errc() || parsed.ptr != tag.data() + tag.size()) {
    return {StatusCode::INVALID_ARGUMENT,
            "the header If-Match must be one version in quotes, as an ETag gives it, or *"};
  }
  write.require_version(key, version);
  return {};
}

std::string entity_tag(uint64_t version) { return '"' + std::to_string(version) + '"'; }

ProblemExtras write_problem_extras(const Status& status, const WriteReply& reply) {
  ProblemExtras extras;
  if (status.code() == StatusCode::CONDITION_FAILED && !reply.failed.empty()) {
    extras.members = ",\"version\":" + std::to_string(reply.failed.front().current_version);
  }
  return extras;
}

}  // namespace kvhost::http
