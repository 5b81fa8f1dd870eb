// Keeps sequence numbers from being used twice. Where acknowledged writes may be lost in a power
// cut (wal_sync interval or never), numbers are used only below a mark that the MANIFEST holds
// durably; recovery goes on above it.
//
// Threads:   ensure() by the leader of the writes; renew() by the maintenance thread.
// Errors:    those of the MANIFEST.
#pragma once

#include <atomic>

#include "base/mutex.hpp"
#include "format/record.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

class SequenceReserve {
 public:
  static constexpr SequenceNumber kStep = SequenceNumber{1} << 20;

  // `is_needed` false: nothing is ever reserved.
  SequenceReserve(VersionSet& versions, bool is_needed)
      : versions_(versions), is_needed_(is_needed), mark_(versions.state().reserved_sequence) {}

  // Numbers up to `last` may be used when this returns OK. Waits for the disk only when renew() did
  // not keep pace.
  Status ensure(SequenceNumber last);
  // True when renew() should be called soon.
  bool is_low(SequenceNumber last) const {
    return is_needed_ && last + kStep / 2 > mark_.load(std::memory_order_relaxed);
  }
  // Moves the mark ahead of `last`, unless it is far enough.
  Status renew(SequenceNumber last);

 private:
  VersionSet& versions_;
  const bool is_needed_;
  std::atomic<SequenceNumber> mark_;
  // One renewal at a time, so that the mark in the MANIFEST never falls behind mark_.
  Mutex mutex_;
};

}  // namespace kvhost::engine
