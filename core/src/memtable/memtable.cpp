#include "memtable/memtable.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "memtable/radix_iterator.hpp"

namespace kvhost::engine {

void Memtable::add(const Record& record) {
  KVHOST_ASSERT(record.type == RecordType::kPut || record.type == RecordType::kTombstone,
                "a memtable takes puts and tombstones; ranges go through add_range_tombstone()");
  note_sequence(record.sequence);
  index_.insert(record);
  entries_.store(entries() + 1, std::memory_order_relaxed);
}

void Memtable::add_range_tombstone(std::string_view start, std::string_view end,
                                   SequenceNumber sequence) {
  if (start >= end) return;
  note_sequence(sequence);
  range_tombstones_.add({arena_.copy(start), arena_.copy(end), sequence});
}

void Memtable::note_sequence(SequenceNumber sequence) {
  KVHOST_ASSERT(sequence > 0 && sequence <= kMaxSequence, "a sequence number is out of bounds");
  if (min_sequence() == 0 || sequence < min_sequence()) {
    min_sequence_.store(sequence, std::memory_order_relaxed);
  }
  if (sequence > max_sequence()) max_sequence_.store(sequence, std::memory_order_relaxed);
}

std::optional<FoundRecord> Memtable::get(std::string_view key, SequenceNumber max_sequence) const {
  const Leaf* leaf = index_.find(key);
  if (leaf == nullptr) return std::nullopt;
  const KeyVersion* version =
      visible_version(leaf->newest.load(std::memory_order_acquire), max_sequence);
  if (version == nullptr) return std::nullopt;
  return FoundRecord{version->value(), version->sequence(), version->expires_at_ms,
                     version->type()};
}

SequenceNumber Memtable::max_covering_tombstone(std::string_view key,
                                                SequenceNumber snapshot) const {
  return range_tombstones_.covering_sequence(key, snapshot);
}

std::unique_ptr<RecordIterator> Memtable::iterator() const {
  return std::make_unique<RadixIterator>(index_);
}

std::size_t Memtable::approximate_bytes() const {
  return arena_.bytes_used() + range_tombstones_.approximate_bytes();
}

}  // namespace kvhost::engine
