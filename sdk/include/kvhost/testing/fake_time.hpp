// Time that stands until a test moves it: kvhost.timer/1 over a clock of its own.
//
//   host.time().advance(std::chrono::seconds(10));   // what became due runs here, in order
//
// Threads:   any; advance() from one at a time. Callbacks run on its thread, under no lock.
// Lifetime:  outlives the component; timers that were not due are forgotten.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "kvhost/abi/host.h"

namespace kvhost::testing {

class FakeTime {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  FakeTime() { table_ = {sizeof(kvh_timer), 0, this, &FakeTime::after, &FakeTime::cancel}; }
  FakeTime(const FakeTime&) = delete;
  FakeTime& operator=(const FakeTime&) = delete;

  const kvh_timer* table() const { return &table_; }

  // Since the FakeTime was made.
  Nanoseconds now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  std::size_t pending() const {
    const std::lock_guard lock(mutex_);
    return timers_.size();
  }
  // Moves on, and runs every callback that is due on the way, those set by callbacks included.
  void advance(Nanoseconds by) {
    std::unique_lock lock(mutex_);
    const Nanoseconds end = now_ + by;
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      const auto first = timers_.begin();
      now_ = std::max(now_, first->first.first);
      const Callback callback = first->second;
      running_ = first->first.second;
      runner_ = std::this_thread::get_id();
      timers_.erase(first);
      lock.unlock();
      callback.fn(callback.ctx);
      lock.lock();
      running_ = 0;
      ended_.notify_all();
    }
    now_ = std::max(now_, end);
  }

 private:
  struct Callback {
    void (*fn)(void* ctx) KVH_NOEXCEPT = nullptr;
    void* ctx = nullptr;
  };
  using Due = std::pair<Nanoseconds, uint64_t>;

  static FakeTime& of(void* self) { return *static_cast<FakeTime*>(self); }
  static uint64_t after(void* self, uint64_t delay_ns, void (*fn)(void*) KVH_NOEXCEPT,
                        void* ctx) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    const uint64_t id = ++of(self).last_id_;
    of(self).timers_[{of(self).now_ + Nanoseconds(delay_ns), id}] = {fn, ctx};
    return id;
  }
  static int32_t cancel(void* self, uint64_t id) noexcept {
    auto& time = of(self);
    std::unique_lock lock(time.mutex_);
    time.ended_.wait(
        lock, [&] { return time.running_ != id || time.runner_ == std::this_thread::get_id(); });
    return std::erase_if(time.timers_, [&](const auto& t) { return t.first.second == id; }) != 0;
  }

  mutable std::mutex mutex_;
  Nanoseconds now_{0};
  uint64_t last_id_ = 0;
  uint64_t running_ = 0;  // the timer whose callback is at work
  std::thread::id runner_;
  std::condition_variable ended_;
  std::map<Due, Callback> timers_;
  kvh_timer table_{};
};

}  // namespace kvhost::testing
