// Tells every MONITOR of every command.
//
// Threads:   any. watched() is one load, so that nobody pays while nobody watches.
// Lifetime:  a listener is called under the hub's lock; it must not block, nor call the hub.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

namespace kvhost::resp {

class MonitorHub {
 public:
  using Listener = std::function<void(std::string_view line)>;

  bool watched() const { return count_.load(std::memory_order_relaxed) != 0; }
  void add(uint64_t client, Listener listener) {
    const std::lock_guard lock(mutex_);
    listeners_[client] = std::move(listener);
    count_.store(listeners_.size(), std::memory_order_relaxed);
  }
  void remove(uint64_t client) {
    const std::lock_guard lock(mutex_);
    listeners_.erase(client);
    count_.store(listeners_.size(), std::memory_order_relaxed);
  }
  void tell(std::string_view line) {
    const std::lock_guard lock(mutex_);
    for (const auto& [client, listener] : listeners_) listener(line);
  }

 private:
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::map<uint64_t, Listener> listeners_;
};

}  // namespace kvhost::resp
