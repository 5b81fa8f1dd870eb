// Tells when no reader can still look at something that was replaced: epoch-based reclamation, as
// in K. Fraser, "Practical lock-freedom" (2004). A reader pays for one exchange on a cache line of
// its own, whatever the number of readers; no reference is counted.
//
// Threads:   any.
// Lifetime:  one domain for the process; a thread's slot is given back when the thread ends.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvhost::engine {

class ReaderEpochs {
 public:
  // Between construction and destruction nothing is reclaimed that was reachable meanwhile. May be
  // nested on one thread.
  class Guard {
   public:
    Guard();
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    struct ReaderSlot* slot_;
  };

  // After the pointer to the old object was replaced (sequentially consistent): the epoch to keep
  // beside the old object.
  static uint64_t retire();
  // True when every reader that might have seen what was retired at `epoch` has left.
  static bool is_over(uint64_t epoch);
};

}  // namespace kvhost::engine
