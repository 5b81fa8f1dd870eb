// A hash over live records, for comparing replicas: equal states give equal digests, whatever their
// trees look like.
//
// Threads:   any.
// Errors:    those of the engine's iterators.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

struct StateDigest {
  // Sums over the records, so their order does not matter.
  uint64_t words[2] = {0, 0};
  uint64_t records = 0;

  friend bool operator==(const StateDigest&, const StateDigest&) = default;
};

// Keys in [start, end) of each space in `spaces`, as of `snapshot`, judged at `now_ms`: key, value,
// version and expiry of every live record.
Result<StateDigest> digest_state(Engine& engine, const Snapshot& snapshot,
                                 std::span<const uint32_t> spaces, const std::string& start,
                                 const std::optional<std::string>& end, uint64_t now_ms);

}  // namespace kvhost::engine
