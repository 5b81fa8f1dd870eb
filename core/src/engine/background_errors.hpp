// Why writes are refused, when they are.
//
// A soft error (the disk is full, no descriptor is left) goes away by itself when what is missing
// returns. A hard one (a failed sync, EIO) stays until resume() has moved everything to new files;
// the first cause is kept.
//
// Threads:   any.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/mutex.hpp"
#include "kvhost/engine/logger.hpp"
#include "kvhost/status.hpp"

namespace kvhost::engine {

class BackgroundErrors {
 public:
  explicit BackgroundErrors(Logger& logger) : logger_(logger) {}

  // What goes away by itself: NO_SPACE and OVERLOADED.
  static bool is_passing(const Status& cause) {
    return cause.code() == StatusCode::NO_SPACE || cause.code() == StatusCode::OVERLOADED;
  }

  // Takes note of a failure of `what`. A passing one is soft, everything else is hard; a hard error
  // replaces a soft one and is replaced by none.
  void report(std::string_view what, const Status& cause);
  // The way is free again. `what` says what was done, for the log.
  void clear(std::string_view what);
  // As clear(), for a soft error only.
  void clear_soft(std::string_view what);

  bool any() const { return severity_.load(std::memory_order_acquire) != 0; }
  bool is_soft() const { return severity_.load(std::memory_order_acquire) == 1; }
  bool is_hard() const { return severity_.load(std::memory_order_acquire) == 2; }
  // OK, or the cause.
  Status cause() const;
  // What a write is answered: the cause of a soft error, or READ_ONLY with the cause.
  Status refusal() const;

 private:
  Logger& logger_;
  std::atomic<int> severity_{0};
  mutable Mutex mutex_;
  Status cause_ KVHOST_GUARDED_BY(mutex_);
};

}  // namespace kvhost::engine
