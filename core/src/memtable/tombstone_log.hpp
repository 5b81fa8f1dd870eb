// The range tombstones of a memtable: runs of fragments whose sizes at least halve from one to the
// next. An addition merges the runs that are no larger than what it carries, so that n additions
// cost O(n log² n) and a lookup asks O(log n) runs.
//
// Threads:   one writer; readers any, without locks.
// Lifetime:  borrows the keys. Replaced runs stay until the log is destroyed: readers may be in
// them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "format/range_tombstones.hpp"
#include "format/record.hpp"

namespace kvhost::engine {

class TombstoneLog {
 public:
  TombstoneLog() = default;
  TombstoneLog(const TombstoneLog&) = delete;
  TombstoneLog& operator=(const TombstoneLog&) = delete;

  // Requires start below end.
  void add(const RangeTombstone& tombstone);

  // The newest number not above `snapshot` of a tombstone that covers `key`; 0 = none.
  SequenceNumber covering_sequence(std::string_view key, SequenceNumber snapshot) const;
  // By number, lowest first.
  std::vector<RangeTombstone> tombstones() const;
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::size_t approximate_bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  // Largest run first.
  using Runs = std::vector<const FragmentedRangeTombstones*>;

  std::atomic<const Runs*> runs_{nullptr};
  std::atomic<uint64_t> count_{0};
  std::atomic<std::size_t> bytes_{0};
  // Everything ever published.
  std::vector<std::unique_ptr<const FragmentedRangeTombstones>> made_;
  std::vector<std::unique_ptr<const Runs>> published_;
};

}  // namespace kvhost::engine
