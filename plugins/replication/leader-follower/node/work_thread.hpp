// A thread that may block, working through a queue in order.
//
// Threads:   post() any; stop() one, not from the work itself.
// Lifetime:  stop() carries out what is queued, then joins; the destructor stops.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace kvhost::leader_follower {

class WorkThread {
 public:
  explicit WorkThread(std::string name);
  ~WorkThread() { stop(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  void post(std::function<void()> work);
  void stop();
  bool is_stopping() const;
  // Waits on the work's own behalf; ends early when the thread is to stop.
  void pause_for(uint64_t nanoseconds);

 private:
  void run();

  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool is_stopping_ = false;                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace kvhost::leader_follower
