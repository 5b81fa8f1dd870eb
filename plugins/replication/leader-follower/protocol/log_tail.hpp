// The log as the protocol sees it: the epochs of all of it, and the entries of its newest part.
// Older entries are on disk only.
//
// Threads:   one.
// Lifetime:  owns its entries' payloads together with whoever else uses them.
// Order:     indexes follow each other without a gap from base() on; epochs never decrease.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "protocol/entry.hpp"
#include "protocol/position.hpp"

namespace kvhost::leader_follower {

class LogTail {
 public:
  // An empty log after `base`.
  void reset(LogPosition base);
  // The entry that follows the last.
  void append(Entry entry);
  // Entries above `index` never were.
  void truncate_after(uint64_t index);
  // The log begins after `index`, which it holds or which is its base.
  void cut(uint64_t index);
  // Drops the oldest entries from memory while they take more than `bytes`; none above `index`.
  void forget_below(uint64_t index, uint64_t bytes);

  const LogPosition& base() const { return base_; }
  LogPosition last() const;
  uint64_t last_index() const { return last_index_; }
  // Nothing for an index below the base or above the last.
  std::optional<Epoch> epoch_at(uint64_t index) const;
  // The first index of the epoch at `index`, which must be in the log.
  uint64_t first_of_epoch_at(uint64_t index) const;

  // The lowest index whose entry is in memory; last_index() + 1 when there is none.
  uint64_t memory_first() const { return last_index_ + 1 - entries_.size(); }
  const Entry& at(uint64_t index) const { return entries_[index - memory_first()]; }
  uint64_t memory_bytes() const { return memory_bytes_; }
  // Bytes of the payloads above the base, in memory or not.
  uint64_t total_bytes() const { return total_bytes_; }
  // The highest index such that at least `bytes` lie above it; the base's when there are fewer.
  uint64_t index_with_bytes_above(uint64_t bytes) const;

 private:
  struct Run {
    uint64_t first = 0;
    Epoch epoch;
  };
  struct Mark {
    uint64_t index = 0;  // the last one that it counts
    uint64_t bytes = 0;  // of the entries since the mark before
  };
  LogPosition base_;
  uint64_t last_index_ = 0;
  std::deque<Run> runs_;
  std::deque<Entry> entries_;
  std::deque<Mark> marks_;
  uint64_t memory_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

}  // namespace kvhost::leader_follower
