// The event loop that a session lives on, as far as the session needs to know it.
//
// Threads:   post() any; the rest on the loop's own thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace kvhost::http {

using TimePoint = std::chrono::steady_clock::time_point;

class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
};

class Loop {
 public:
  virtual ~Loop() = default;
  // Runs the task later, on the loop's thread, after all that was posted before.
  virtual void post(std::unique_ptr<Task> task) = 0;
  virtual TimePoint now() const = 0;
  // Since 1970, for the header Date alone.
  virtual int64_t wall_seconds() const = 0;
};

}  // namespace kvhost::http
