// CLOCK_MONOTONIC, which deadlines are told in.
#pragma once

#include <chrono>
#include <cstdint>

namespace kvhost::raft {

inline uint64_t monotonic_ns() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace kvhost::raft
