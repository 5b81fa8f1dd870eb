// How many connections there are, counting those gone whose store calls are still pending.
//
// Threads:   any.
// Lifetime:  shared with the leases.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace kvhost::http {

class ConnectionCount : public std::enable_shared_from_this<ConnectionCount> {
 public:
  // Counts one until the last copy goes; the transport may end when all have gone.
  std::shared_ptr<void> lease() {
    const std::lock_guard lock(mutex_);
    ++count_;
    return {nullptr, [self = shared_from_this()](void*) { self->release(); }};
  }
  std::size_t value() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // Calls `done` once: when the count is or becomes zero, or by fire().
  void when_zero(std::function<void()> done) {
    {
      const std::lock_guard lock(mutex_);
      done_ = std::move(done);
      if (count_ != 0) return;
    }
    fire();
  }
  void fire() {
    std::function<void()> done;
    {
      const std::lock_guard lock(mutex_);
      done = std::exchange(done_, nullptr);
    }
    if (done) done();
  }
  void wait_for_zero() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  void release() {
    {
      const std::lock_guard lock(mutex_);
      if (--count_ != 0) return;
      zero_.notify_all();
    }
    fire();
  }

  mutable std::mutex mutex_;
  std::condition_variable zero_;
  std::size_t count_ = 0;
  std::function<void()> done_;
};

}  // namespace kvhost::http
