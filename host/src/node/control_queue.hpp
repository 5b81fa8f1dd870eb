// The control thread's work: main runs it; signals and administrators' commands post to it.
//
// Threads:   run() on the control thread; everything else on any thread.
// Lifetime:  outlives whoever posts.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "kvhost/status.hpp"

namespace kvhost::host {

class ControlQueue {
 public:
  // Runs what is posted until request_stop(). What is then left is dropped, and call() answers for
  // it.
  void run();
  void request_stop();
  bool stop_requested() const;

  // False after request_stop(): `work` will not run.
  bool post(std::function<void()> work);
  // Runs `work` on the control thread and waits for it. DRAINING when it did not run.
  Status call(std::function<Status()> work);

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stop_ = false;
};

}  // namespace kvhost::host
