// Where replies that are ready on other threads wait for their connection's thread. It owns the
// connection's session with the store: the session closes when the connection has gone and the last
// call is answered.
//
// Threads:   any, but take() and disconnect(): the connection's.
// Lifetime:  shared by the connection and every call under way.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/abi/store.h"

namespace kvhost::tcp {

// Counts the reply boxes that exist, so that stop() can wait for the last.
class BoxCount {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void remove() {
    // Notified under the lock: the waiter may destroy this as soon as it has it.
    const std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_all();
  }
  void wait_for_none() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t count_ = 0;
};

class ReplyBox {
 public:
  struct Ready {
    std::string frames;
    uint32_t count = 0;
  };

  // `session` is open in `store`; `wake` asks the connection's thread to take().
  ReplyBox(const kvh_store& store, uint64_t session, std::function<void()> wake, BoxCount& boxes)
      : store_(store), session_(session), wake_(std::move(wake)), boxes_(boxes) {
    boxes_.add();
  }
  ~ReplyBox() {
    store_.session_close(store_.self, session_);
    wake_ = nullptr;
    boxes_.remove();
  }
  ReplyBox(const ReplyBox&) = delete;
  ReplyBox& operator=(const ReplyBox&) = delete;

  const kvh_store& store() const { return store_; }
  uint64_t session() const { return session_; }

  void put(std::string_view frame) {
    {
      const std::lock_guard lock(mutex_);
      if (is_disconnected_) return;
      ready_.frames.append(frame);
      if (++ready_.count > 1) return;  // its thread has been woken and has not come yet
    }
    wake_();
  }
  // What is ready; `spare` lends its memory to what comes next.
  Ready take(std::string spare) {
    spare.clear();
    const std::lock_guard lock(mutex_);
    return std::exchange(ready_, Ready{std::move(spare), 0});
  }
  // The connection is gone: replies are dropped from now on.
  void disconnect() {
    const std::lock_guard lock(mutex_);
    is_disconnected_ = true;
  }

 private:
  const kvh_store& store_;
  const uint64_t session_;
  std::function<void()> wake_;
  BoxCount& boxes_;
  std::mutex mutex_;
  Ready ready_;
  bool is_disconnected_ = false;
};

}  // namespace kvhost::tcp
