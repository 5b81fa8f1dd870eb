// Lets the time and the work of a FakeHost go on by themselves, as on a real host.
//
// Threads:   one of its own; it is the only one that moves the host's time.
// Lifetime:  borrows the host.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "kvhost/testing/fake_host.hpp"

namespace kvhost::conformance {

class HostPump {
 public:
  // The host's time goes `speed` times as fast as the clock on the wall.
  explicit HostPump(testing::FakeHost& host, int speed = 1)
      : host_(host), speed_(speed), thread_([this] { run(); }) {}
  ~HostPump() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    host_.executor().run_all();
  }
  HostPump(const HostPump&) = delete;
  HostPump& operator=(const HostPump&) = delete;

 private:
  void run() {
    auto last = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
      changed_.wait_for(lock, std::chrono::milliseconds(2));
      lock.unlock();
      const auto now = std::chrono::steady_clock::now();
      host_.time().advance((now - last) * speed_);
      host_.executor().run_all();
      last = now;
      lock.lock();
    }
  }

  testing::FakeHost& host_;
  const int speed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace kvhost::conformance
