#include "engine/write_controller.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace kvhost::engine {

namespace {

// Shorter waits cost more in wake-ups than they give.
constexpr double kShortestWaitNs = 1e6;
// One group waits no longer than this; the slope does the rest.
constexpr double kLongestWaitNs = 20e6;

double slope(uint64_t value, uint64_t from, uint64_t to) {
  if (value <= from) return 0;
  if (value >= to || to <= from) return 1;
  return static_cast<double>(value - from) / static_cast<double>(to - from);
}

}  // namespace

double WriteController::strain(const WritePressure& pressure) const {
  const double debt = slope(pressure.debt_bytes, slowdown_debt_, stall_debt_);
  const double runs = slope(pressure.level0_runs, kSlowdownRuns, kSlowestRuns);
  // While no further memtable may wait, the active one is filled the slower the fuller it is (from
  // 128 to 8 MiB a second): many small delays until a flush is done, instead of one stop.
  const bool is_last = max_immutables_ > 1 && pressure.immutable_memtables >= max_immutables_;
  const double memtables = is_last ? 0.25 + 0.5 * std::min(pressure.active_fill, 1.0) : 0;
  return std::max({debt, runs, memtables});
}

uint64_t WriteController::slow_down(const WritePressure& pressure, uint64_t bytes) {
  const double strained = strain(pressure);
  if (strained <= 0) {
    due_ns_ = 0;
    return 0;
  }
  // Equal steps of strain divide the rate by equal factors.
  const double rate = kFastest * std::pow(kSlowest / kFastest, strained);
  due_ns_ += static_cast<double>(bytes) / rate * 1e9;
  if (due_ns_ < kShortestWaitNs) return 0;
  const double wait_ns = std::min(due_ns_, kLongestWaitNs);

  const auto begin = std::chrono::steady_clock::now();
  const auto until = begin + std::chrono::nanoseconds(static_cast<int64_t>(wait_ns));
  {
    MutexLock lock(mutex_);
    while (!is_stopped_ && std::chrono::steady_clock::now() < until) {
      stopped_changed_.wait_for(mutex_, until - std::chrono::steady_clock::now());
    }
  }
  const auto waited = std::chrono::steady_clock::now() - begin;
  const auto waited_ns =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(waited).count());
  due_ns_ = std::max(due_ns_ - static_cast<double>(waited_ns), -kLongestWaitNs);
  return waited_ns;
}

void WriteController::stop() {
  MutexLock lock(mutex_);
  is_stopped_ = true;
  stopped_changed_.notify_all();
}

}  // namespace kvhost::engine
