// The parameters of GET /v1/kv, made into one range of keys.
//
// Threads:   a value.
// Errors:    INVALID_ARGUMENT that names the parameter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kvhost/result.hpp"
#include "text/target.hpp"

namespace kvhost::http {

struct RangeQuery {
  std::string start;
  std::optional<std::string> end;
  std::optional<uint64_t> limit;  // 1 to 10000
  bool reverse = false;
  bool keys_only = false;

  // What the cursor leaves of prefix, start and end together. An empty parameter is an absent one.
  static Result<RangeQuery> parse(const Target& target);
  bool is_empty() const { return end && *end <= start; }
};

inline constexpr uint64_t kDefaultRangeLimit = 100;
inline constexpr uint64_t kMaxRangeLimit = 10'000;

}  // namespace kvhost::http
