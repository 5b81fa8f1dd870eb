// The processor time of this thread: what other programs take meanwhile does not count, though what
// they do to caches and memory does.
#pragma once

#include <time.h>

#include <cstdint>

namespace kvhost::engine::bench {

inline double thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace kvhost::engine::bench
