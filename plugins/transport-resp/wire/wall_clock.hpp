// The time of day, for commands that name one; what expires is judged by the store's own time.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <ctime>

namespace kvhost::resp {

inline uint64_t unix_us() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}
inline uint64_t unix_ms() { return unix_us() / 1000; }

inline uint64_t steady_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace kvhost::resp
