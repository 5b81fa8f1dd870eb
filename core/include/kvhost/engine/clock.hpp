// Time as the engine sees it.
//
// Threads:   any.
#pragma once

#include <cstdint>

namespace kvhost::engine {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since the Unix epoch. May jump in either direction.
  virtual uint64_t wall_ms() = 0;
  // Nanoseconds on CLOCK_MONOTONIC. Never goes back.
  virtual uint64_t monotonic_ns() = 0;
};

// The machine's clocks. One object for the process, never destroyed.
Clock& system_clock();

}  // namespace kvhost::engine
