// kvhost.timer/1: one thread that calls back when a time has come.
//
// Threads:   any. Callbacks run one after another on the timer's thread, under no lock; one that
//            blocks delays all others.
// Lifetime:  after stop() nothing is called any more; timers that were not due are forgotten.
// Errors:    after() answers 0 when memory is out or the service is stopped: the call will not
// happen.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "kvhost/abi/host.h"

namespace kvhost::host {

class TimerService {
 public:
  using Callback = void (*)(void* ctx) KVH_NOEXCEPT;

  TimerService();
  ~TimerService();
  TimerService(const TimerService&) = delete;
  TimerService& operator=(const TimerService&) = delete;

  // Calls fn(ctx) once, `delay_ns` from now at the earliest.
  uint64_t after(uint64_t delay_ns, Callback fn, void* ctx) noexcept;
  // After the return the callback is not running and will not run; true if it had not run. From
  // inside a callback it does not wait for that callback itself.
  bool cancel(uint64_t id) noexcept;
  void stop();

  const kvh_timer* table() const { return &table_; }

 private:
  struct Entry {
    uint64_t due_ns = 0;
    Callback fn = nullptr;
    void* ctx = nullptr;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  // Ordered by time; `entries_` by id.
  std::set<std::pair<uint64_t, uint64_t>> due_;
  std::unordered_map<uint64_t, Entry> entries_;
  uint64_t next_id_ = 1;
  uint64_t running_id_ = 0;
  bool stopped_ = false;
  kvh_timer table_;
  std::thread thread_;
};

}  // namespace kvhost::host
