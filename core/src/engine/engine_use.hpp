// Held by calls that need the parts that close() takes away. False when the engine is closed.
//
// Threads:   one.
#pragma once

#include <atomic>
#include <shared_mutex>

namespace kvhost::engine {

class EngineUse {
 public:
  EngineUse(std::shared_mutex& mutex, const std::atomic<bool>& is_open)
      : lock_(mutex), is_open_(is_open.load(std::memory_order_acquire)) {}
  explicit operator bool() const { return is_open_; }

 private:
  std::shared_lock<std::shared_mutex> lock_;
  const bool is_open_;
};

}  // namespace kvhost::engine
