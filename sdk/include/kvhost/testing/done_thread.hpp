// Calls what it is given on a thread of its own, in order, as the host's journal does.
//
// Threads:   any; the destructor completes what was given and joins.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "kvhost/abi/types.h"

namespace kvhost::testing {

class DoneThread {
 public:
  DoneThread() : thread_([this] { run(); }) {}
  ~DoneThread() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  DoneThread(const DoneThread&) = delete;
  DoneThread& operator=(const DoneThread&) = delete;

  void complete(kvh_done done) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(done);
    }
    changed_.notify_all();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const kvh_done done = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      done.fn(done.ctx, KVH_OK, nullptr);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<kvh_done> waiting_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace kvhost::testing
