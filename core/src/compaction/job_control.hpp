// How a running job is stopped or held back from outside.
//
// Threads:   any.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "base/mutex.hpp"
#include "kvhost/status.hpp"

namespace kvhost::engine {

class JobControl {
 public:
  // `must_yield` is asked from the job's thread; while it is true the job waits.
  explicit JobControl(std::function<bool()> must_yield) : must_yield_(std::move(must_yield)) {}

  void cancel() {
    const MutexLock lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  // Called by the job at the border of a block. CANCELLED when it has to stop.
  Status at_block_border() {
    MutexLock lock(mutex_);
    // Bounded, so that a flush that needs this very job's result cannot wait for it in a circle.
    for (int i = 0; i < kMaxYields && !cancelled_; ++i) {
      lock.unlock();
      const bool yields = must_yield_ && must_yield_();
      lock.lock();
      if (!yields) break;
      changed_.wait_for(mutex_, std::chrono::milliseconds(2));
    }
    if (cancelled_) return {StatusCode::CANCELLED, "the compaction was stopped from outside"};
    return {};
  }

 private:
  static constexpr int kMaxYields = 500;

  const std::function<bool()> must_yield_;
  Mutex mutex_;
  CondVar changed_;
  bool cancelled_ KVHOST_GUARDED_BY(mutex_) = false;
};

}  // namespace kvhost::engine
