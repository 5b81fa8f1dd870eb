#include "engine/log_time.hpp"

#include <algorithm>

namespace kvhost::engine {

namespace {

constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace

void LogTime::restore(uint64_t now_ms) {
  const uint64_t newest = std::max(now_ms, last_stamp());
  last_stamp_.store(newest, std::memory_order_release);
  if (newest > 0) set_anchor(newest, monotonic_ms());
}

void LogTime::set_anchor(uint64_t now_ms, uint64_t monotonic_ms) {
  offset_ms_.store(static_cast<int64_t>(now_ms) - static_cast<int64_t>(monotonic_ms),
                   std::memory_order_release);
}

// Each clock is asked once: four questions would be a fifth of what a small write costs.
uint64_t LogTime::stamp() {
  const uint64_t monotonic = monotonic_ms();
  const uint64_t now_ms = raise_floor(std::max(going_on(monotonic), clock_.wall_ms()));
  last_stamp_.store(now_ms, std::memory_order_release);
  set_anchor(now_ms, monotonic);
  return now_ms;
}

uint64_t LogTime::advance_to(uint64_t now_ms) {
  const uint64_t judged_by = std::max(now_ms, last_stamp());
  last_stamp_.store(judged_by, std::memory_order_release);
  set_anchor(judged_by, monotonic_ms());
  return judged_by;
}

uint64_t LogTime::monotonic_ms() const { return clock_.monotonic_ns() / kNsPerMs; }

uint64_t LogTime::going_on(uint64_t monotonic_ms) const {
  const int64_t offset = offset_ms_.load(std::memory_order_acquire);
  if (offset == INT64_MIN) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(0, static_cast<int64_t>(monotonic_ms) + offset));
}

uint64_t LogTime::now() const {
  uint64_t now_ms = going_on(monotonic_ms());
  if (follows_wall_clock_) now_ms = std::max(now_ms, clock_.wall_ms());
  return raise_floor(now_ms);
}

uint64_t LogTime::raise_floor(uint64_t now_ms) const {
  uint64_t floor = floor_.load(std::memory_order_relaxed);
  while (floor < now_ms) {
    if (floor_.compare_exchange_weak(floor, now_ms, std::memory_order_relaxed)) return now_ms;
  }
  return floor;
}

}  // namespace kvhost::engine
