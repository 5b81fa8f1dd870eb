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

struct Latest {
  std::optional<CurrentRecord> record;
  bool needs_disk = false;  // memory alone does not know
};

class LatestReader {
 public:
  virtual ~LatestReader() = default;
  // The newest published record of an engine key, unless it is deleted or expired at `now_ms`.
  virtual Result<Latest> latest(std::string_view engine_key, uint64_t now_ms, bool memory_only) = 0;
};

}  // namespace kvhost::engine
