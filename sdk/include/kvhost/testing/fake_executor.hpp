// kvhost.executor/1 without threads: work waits until the test runs it, or runs inside post().
//
// Threads:   any; work runs on the thread that calls run_one(), run_all() or, inline, post().
// Lifetime:  outlives the component; the destructor runs what is left.
#pragma once

#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>

#include "kvhost/abi/host.h"

namespace kvhost::testing {

enum class RunWork { kByHand, kInline };

class FakeExecutor {
 public:
  FakeExecutor() { table_ = {sizeof(kvh_executor), 0, this, &FakeExecutor::post}; }
  ~FakeExecutor() { run_all(); }
  FakeExecutor(const FakeExecutor&) = delete;
  FakeExecutor& operator=(const FakeExecutor&) = delete;

  const kvh_executor* table() const { return &table_; }

  void set_mode(RunWork mode) {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
  }
  // Work beyond this many waiting pieces is refused as OVERLOADED.
  void set_capacity(std::size_t pieces) {
    const std::lock_guard lock(mutex_);
    capacity_ = pieces;
  }
  std::size_t pending() const {
    const std::lock_guard lock(mutex_);
    return work_.size();
  }
  // Runs the oldest piece; false when there is none.
  bool run_one() {
    Work work;
    {
      const std::lock_guard lock(mutex_);
      if (work_.empty()) return false;
      work = work_.front();
      work_.pop_front();
    }
    work.fn(work.ctx);
    return true;
  }
  // Until nothing waits, work posted by work included.
  void run_all() {
    while (run_one()) continue;
  }

 private:
  struct Work {
    void (*fn)(void* ctx) KVH_NOEXCEPT = nullptr;
    void* ctx = nullptr;
  };
  static int32_t post(void* self, uint32_t, void (*fn)(void*) KVH_NOEXCEPT, void* ctx) noexcept {
    auto& executor = *static_cast<FakeExecutor*>(self);
    {
      const std::lock_guard lock(executor.mutex_);
      if (executor.work_.size() >= executor.capacity_) return KVH_OVERLOADED;
      if (executor.mode_ == RunWork::kByHand) {
        executor.work_.push_back({fn, ctx});
        return KVH_OK;
      }
    }
    fn(ctx);
    return KVH_OK;
  }

  mutable std::mutex mutex_;
  RunWork mode_ = RunWork::kByHand;
  std::size_t capacity_ = std::numeric_limits<std::size_t>::max();
  std::deque<Work> work_;
  kvh_executor table_{};
};

}  // namespace kvhost::testing
