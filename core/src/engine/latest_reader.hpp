// What the resolver of batches asks about the state that a batch meets.
//
// Threads:   the leader of the writes.
// Lifetime:  a CurrentRecord pins its value.
#pragma once

#include <optional>
#include <string_view>

#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

struct CurrentRecord {
  PinnedValue value;
  uint64_t version = 0;
  uint64_t expires_at_ms = 0;  // 0 = never
};

class LatestReader {
 public:
  virtual ~LatestReader() = default;
  // The newest published record of an engine key, unless it is deleted or expired at `now_ms`.
  virtual Result<std::optional<CurrentRecord>> latest(std::string_view engine_key,
                                                      uint64_t now_ms) = 0;
};

}  // namespace kvhost::engine
