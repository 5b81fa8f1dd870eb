// Who led when, and how far a log reaches: the order that everything else is built on.
//
// Threads:   values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvhost::leader_follower {

// A node's id as a number: equal on every node, and different for the ids of one cluster (checked
// where members are listed). 0 is nobody.
using NodeKey = uint64_t;
NodeKey node_key(std::string_view id);

// Monotonic nanoseconds of one node; never compared between nodes.
using Nanos = uint64_t;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000 * kMillisecond;

// One leader's time in office. Epochs of different nodes differ even when their counters meet.
struct Epoch {
  uint64_t counter = 0;
  NodeKey node = 0;
  friend auto operator<=>(const Epoch&, const Epoch&) = default;
};

// Compared as (epoch, index): of two logs, the one with the greater last position holds every
// committed entry of the other.
struct LogPosition {
  Epoch epoch;
  uint64_t index = 0;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

inline std::string to_string(const LogPosition& position) {
  return "epoch " + std::to_string(position.epoch.counter) + " index " +
         std::to_string(position.index);
}

}  // namespace kvhost::leader_follower
