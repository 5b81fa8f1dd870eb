#include "node/work_thread.hpp"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace kvhost::leader_follower {

WorkThread::WorkThread(std::string name) : name_(std::move(name)), thread_([this] { run(); }) {}

void WorkThread::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void WorkThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool WorkThread::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

void WorkThread::pause_for(uint64_t nanoseconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(nanoseconds), [this] { return is_stopping_; });
}

void WorkThread::run() {
  pthread_setname_np(pthread_self(), name_.c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace kvhost::leader_follower
