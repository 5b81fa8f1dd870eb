// Log time: the clock that expiry is judged by. Batches are stamped with it, and between batches it
// goes on with the monotonic clock. It never goes back, across restarts neither: the newest stamp
// is in every log record and in the MANIFEST.
//
// Threads:   stamp(), advance_to() and restore() by one thread at a time; now() any.
// Lifetime:  borrows the clock.
#pragma once

#include <atomic>
#include <cstdint>

#include "kvhost/engine/clock.hpp"

namespace kvhost::engine {

class LogTime {
 public:
  // `follows_wall_clock`: this engine orders its own batches, so that its wall clock counts. Where
  // a strategy orders them, only the stamps that it brings do.
  LogTime(Clock& clock, bool follows_wall_clock)
      : clock_(clock), follows_wall_clock_(follows_wall_clock) {}

  // The newest stamp that a former life is known to have given.
  void restore(uint64_t now_ms);

  // The time of a batch ordered here, at least every time that now() has told.
  uint64_t stamp();
  // A batch ordered elsewhere carries `now_ms`. Returns the time the batch is judged by: that, or
  // the newest stamp before where it goes back.
  uint64_t advance_to(uint64_t now_ms);

  // What a read that begins now judges by.
  uint64_t now() const;
  // The newest stamp given or taken.
  uint64_t last_stamp() const { return last_stamp_.load(std::memory_order_acquire); }

 private:
  uint64_t monotonic_ms() const;
  void set_anchor(uint64_t now_ms, uint64_t monotonic_ms);
  // The newest stamp's time, gone on with the monotonic clock; 0 before the first stamp.
  uint64_t going_on(uint64_t monotonic_ms) const;
  uint64_t raise_floor(uint64_t now_ms) const;

  Clock& clock_;
  const bool follows_wall_clock_;
  std::atomic<uint64_t> last_stamp_{0};
  // The difference between log time and the monotonic clock when the newest batch was stamped,
  // milliseconds: one number, so that readers need no lock to see a pair that belongs together.
  std::atomic<int64_t> offset_ms_{INT64_MIN};
  // What now() has told at most.
  mutable std::atomic<uint64_t> floor_{0};
};

}  // namespace kvhost::engine
