// The newest entries of a journal in memory, in the blocks that their appends made.
//
// Threads:   one; the journal's lock.
// Lifetime:  a block lives as long as somebody holds it: readers pin what they were given.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/journal.hpp"

namespace kvhost::engine {

// The records of one append, encoded one after the other.
struct JournalBlock {
  struct Entry {
    uint64_t term = 0;
    std::size_t offset = 0;  // of the record in `bytes`
    std::size_t size = 0;    // of the record
  };
  uint64_t first_index = 0;
  std::string bytes;
  std::vector<Entry> entries;

  static std::shared_ptr<const JournalBlock> of(std::span<const JournalEntry> entries);
  std::string_view record(std::size_t i) const {
    return std::string_view(bytes).substr(entries[i].offset, entries[i].size);
  }
  JournalEntry entry(std::size_t i) const;
};

class JournalTail {
 public:
  void push(std::shared_ptr<const JournalBlock> block);
  // Drops the oldest blocks while there are more than `max_bytes`, but none with an entry above
  // `durable`.
  void trim(uint64_t max_bytes, uint64_t durable);
  void drop_below(uint64_t index);
  void drop_above(uint64_t index);

  // The lowest index held; UINT64_MAX when empty.
  uint64_t first() const;
  // Adds entries from `from`, which is held, up to `max_bytes` of payload, at least one.
  void collect(uint64_t from, uint64_t max_bytes, JournalSlice& slice) const;

 private:
  struct Held {
    std::shared_ptr<const JournalBlock> block;
    std::size_t count = 0;  // entries of it that count, from the front
    uint64_t end() const { return block->first_index + count; }
  };
  std::deque<Held> blocks_;
  uint64_t bytes_ = 0;
};

}  // namespace kvhost::engine
