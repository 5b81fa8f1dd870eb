// Keeps writers from running away from flush and compaction. Writes are slowed by a rate that falls
// smoothly as compaction debt, the runs of level 0 and the waiting memtables grow; they are held
// back only while no memtable has room.
//
// Threads:   the leader of the writes; wake() by any.
// Lifetime:  borrows what it asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/mutex.hpp"
#include "kvhost/engine/options.hpp"

namespace kvhost::engine {

// How far behind the background work is.
struct WritePressure {
  uint64_t debt_bytes = 0;
  uint64_t level0_runs = 0;
  uint64_t immutable_memtables = 0;
  // How full the memtable is that takes the writes, 0 … 1.
  double active_fill = 0;
};

class WriteController {
 public:
  // Runs of level 0 at which writes begin to slow, and at which they are slowest.
  static constexpr uint64_t kSlowdownRuns = 20;
  static constexpr uint64_t kSlowestRuns = 60;
  // Bytes a second at the beginning of the slope and at its end.
  static constexpr double kFastest = 512.0 * 1024 * 1024;
  static constexpr double kSlowest = 2.0 * 1024 * 1024;

  explicit WriteController(const Options& options)
      : slowdown_debt_(options.slowdown_debt),
        stall_debt_(options.stall_debt),
        max_immutables_(options.max_immutable_memtables) {}

  // 0 = no need to slow … 1 = slowest.
  double strain(const WritePressure& pressure) const;
  // Waits as long as a group of `bytes` should take under this pressure, less what was waited too
  // long before. Returns the nanoseconds waited.
  uint64_t slow_down(const WritePressure& pressure, uint64_t bytes);
  // Ends every wait from now on.
  void stop();

 private:
  const uint64_t slowdown_debt_;
  const uint64_t stall_debt_;
  const uint64_t max_immutables_;
  // Delay that is due but too short to wait for, nanoseconds.
  double due_ns_ = 0;
  Mutex mutex_;
  CondVar stopped_changed_;
  bool is_stopped_ KVHOST_GUARDED_BY(mutex_) = false;
};

}  // namespace kvhost::engine
