// The newest records, in memory, in order, until a flush turns them into a table. An adaptive radix
// tree on the engine key; a leaf holds the versions of its key, newest first. Nothing is ever
// removed: a delete is a tombstone, memory goes with the memtable.
//
// Threads:   one writer at a time (the caller's lock); readers any, at the same time, without
// locks.
//            A reader that learnt a sequence number after the write returned sees that record.
// Lifetime:  keys and values are copied in; every view handed out lives as long as the memtable,
//            which outlives its iterators.
// Errors:    none; misuse asserts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "format/found_record.hpp"
#include "format/range_tombstones.hpp"
#include "format/record.hpp"
#include "format/record_iterator.hpp"
#include "memtable/radix_tree.hpp"
#include "memtable/tombstone_log.hpp"

namespace kvhost::engine {

class Memtable {
 public:
  // `recycled` as in Arena.
  explicit Memtable(std::shared_ptr<ArenaBlocks> recycled = nullptr)
      : arena_(Arena::kHugePage, std::move(recycled)) {}
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  // A put or a tombstone. Requires a sequence number above 0 and above those of the versions of
  // this key that are here already; values are at most 4 GiB - 1.
  void add(const Record& record);
  // Deletes [start, end) below `sequence`; nothing when start is not below end.
  void add_range_tombstone(std::string_view start, std::string_view end, SequenceNumber sequence);

  // The newest version of `key` with a number not above `max_sequence`, tombstones included. Range
  // tombstones are asked apart, and win when their number is higher.
  std::optional<FoundRecord> get(std::string_view key, SequenceNumber max_sequence) const;
  // Ahead of get() for several keys.
  void prefetch(std::span<const std::string_view> keys) const { index_.prefetch(keys); }
  // The newest number not above `snapshot` of a range tombstone that covers `key`; 0 = none.
  SequenceNumber max_covering_tombstone(std::string_view key, SequenceNumber snapshot) const;

  // Both directions; sees at least what was added before it was made.
  std::unique_ptr<RecordIterator> iterator() const;
  // By number, lowest first.
  std::vector<RangeTombstone> range_tombstones() const { return range_tombstones_.tombstones(); }

  // Records added, range tombstones not counted.
  uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  uint64_t range_tombstone_count() const { return range_tombstones_.count(); }
  bool empty() const { return entries() == 0 && range_tombstone_count() == 0; }
  // Memory taken, index included.
  std::size_t approximate_bytes() const;
  // Lowest and highest number added, range tombstones included; 0 when empty.
  SequenceNumber min_sequence() const { return min_sequence_.load(std::memory_order_relaxed); }
  SequenceNumber max_sequence() const { return max_sequence_.load(std::memory_order_relaxed); }

 private:
  void note_sequence(SequenceNumber sequence);

  Arena arena_;
  RadixTree index_{arena_};
  TombstoneLog range_tombstones_;
  std::atomic<uint64_t> entries_{0};
  std::atomic<SequenceNumber> min_sequence_{0};
  std::atomic<SequenceNumber> max_sequence_{0};
};

}  // namespace kvhost::engine
