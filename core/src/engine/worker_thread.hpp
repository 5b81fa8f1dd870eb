// A thread that does something when it is woken or when time has passed, until it is stopped.
//
// Threads:   wake() and stop() by any; stop() returns when the thread has ended.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.hpp"

namespace kvhost::engine {

class WorkerThread {
 public:
  // `work` is called after every wake() and every `interval`; with an interval of zero only after a
  // wake(). A `delay` gathers wake-ups: the work begins that much after the first of them.
  WorkerThread(std::string name, std::chrono::milliseconds interval,
               std::chrono::milliseconds delay, std::function<void()> work);
  ~WorkerThread() { stop(); }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void wake();
  void stop();

 private:
  void run(const std::string& name);
  bool wait();

  const std::chrono::milliseconds interval_;
  const std::chrono::milliseconds delay_;
  const std::function<void()> work_;
  Mutex mutex_;
  CondVar changed_;
  bool is_woken_ KVHOST_GUARDED_BY(mutex_) = false;
  bool is_stopping_ KVHOST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvhost::engine
