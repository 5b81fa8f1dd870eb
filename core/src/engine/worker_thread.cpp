#include "engine/worker_thread.hpp"

#include "base/thread_name.hpp"

namespace kvhost::engine {

using std::chrono::steady_clock;

WorkerThread::WorkerThread(std::string name, std::chrono::milliseconds interval,
                           std::chrono::milliseconds delay, std::function<void()> work)
    : interval_(interval), delay_(delay), work_(std::move(work)) {
  thread_ = std::thread([this, name = std::move(name)] { run(name); });
}

void WorkerThread::run(const std::string& name) {
  set_thread_name(name);
  while (wait()) work_();
}

// False when the thread shall end.
bool WorkerThread::wait() {
  MutexLock lock(mutex_);
  const auto due = steady_clock::now() + interval_;
  while (!is_woken_ && !is_stopping_) {
    if (interval_.count() == 0) {
      changed_.wait(mutex_);
    } else if (steady_clock::now() >= due) {
      break;
    } else {
      changed_.wait_for(mutex_, due - steady_clock::now());
    }
  }
  if (is_woken_ && delay_.count() > 0) {
    const auto begin = steady_clock::now() + delay_;
    while (!is_stopping_ && steady_clock::now() < begin) {
      changed_.wait_for(mutex_, begin - steady_clock::now());
    }
  }
  is_woken_ = false;
  return !is_stopping_;
}

void WorkerThread::wake() {
  MutexLock lock(mutex_);
  if (is_woken_) return;
  is_woken_ = true;
  changed_.notify_one();
}

void WorkerThread::stop() {
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace kvhost::engine
