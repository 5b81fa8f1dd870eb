// Counts what is going on, and lets one wait until nothing is.
//
// Threads:   any. After a wait that saw zero the object may be destroyed, though the thread that
// left
//            last is still on its way out of leave().
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace kvhost::host {

class ActivityCount {
 public:
  // The count before.
  uint64_t enter() { return count_.fetch_add(1, std::memory_order_acq_rel); }
  void leave() {
    uint64_t count = count_.load(std::memory_order_relaxed);
    while (count > 1) {
      if (count_.compare_exchange_weak(count, count - 1, std::memory_order_acq_rel)) return;
    }
    // Zero is reached under the lock alone: whoever sees it there knows that nobody is inside.
    const std::lock_guard lock(mutex_);
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) zero_.notify_all();
  }
  uint64_t count() const { return count_.load(std::memory_order_acquire); }

  void wait() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [&] { return count() == 0; });
  }
  // False when something was still going on at the deadline.
  bool wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return zero_.wait_until(lock, deadline, [&] { return count() == 0; });
  }

 private:
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;
  std::condition_variable zero_;
};

}  // namespace kvhost::host
