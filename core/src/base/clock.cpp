#include "kvhost/engine/clock.hpp"

#include <time.h>

#include <memory>

namespace kvhost::engine {
namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

uint64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNanosecondsPerSecond +
         static_cast<uint64_t>(now.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  uint64_t wall_ms() override { return nanoseconds_of(CLOCK_REALTIME) / 1'000'000; }
  uint64_t monotonic_ns() override { return nanoseconds_of(CLOCK_MONOTONIC); }
};

}  // namespace

Clock& system_clock() {
  static SystemClock* const clock = std::make_unique<SystemClock>().release();
  return *clock;
}

}  // namespace kvhost::engine
