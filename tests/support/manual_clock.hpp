// A clock that stands until a test moves it.
//
// Threads:   any.
#pragma once

#include <atomic>
#include <cstdint>

#include "kvhost/engine/clock.hpp"

namespace kvhost::engine::testing {

class ManualClock final : public Clock {
 public:
  uint64_t wall_ms() override { return wall_ms_.load(); }
  uint64_t monotonic_ns() override { return monotonic_ns_.load(); }

  // Both clocks go on.
  void advance_ms(uint64_t ms) {
    wall_ms_ += ms;
    monotonic_ns_ += ms * 1'000'000;
  }
  // Somebody sets the wall clock.
  void set_wall_ms(uint64_t ms) { wall_ms_ = ms; }

 private:
  std::atomic<uint64_t> wall_ms_{1'000'000};
  std::atomic<uint64_t> monotonic_ns_{5'000'000'000};
};

}  // namespace kvhost::engine::testing
