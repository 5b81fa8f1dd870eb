// The one place where records are dropped. Walks merged inputs and yields what the outputs keep, so
// that every snapshot in the list, and every later reader, sees the same as before, from `now_ms`
// on.
//
//   shadowed   a newer version of the key is seen by exactly the same readers
//   deleted    a range tombstone that those readers see covers it; or it is itself a tombstone that
//              no snapshot needs and that nothing older can lie below
//   expired    a put past its expiry counts as a tombstone: it is rewritten as one, or dropped by
//   the
//              rule for tombstones. So it never uncovers an older value.
//
// "Seen by the same readers": the sequence numbers between two neighbouring snapshots are a stripe;
// of a stripe only the newest version of a key can be seen by anyone.
//
// Threads:   one.
// Lifetime:  borrows everything in Inputs but the records, which it owns; record() lives until
// next(). Errors:    those of the records, in status().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compaction/older_data.hpp"
#include "format/range_tombstones.hpp"
#include "format/record_iterator.hpp"

namespace kvhost::engine {

// What became of the records, and sums of record_hash() modulo 2^64 to prove it:
// in = out + dropped, and hash in + hash_added = hash out + hash_removed.
struct CompactionCounts {
  uint64_t entries_in = 0;
  uint64_t entries_out = 0;
  uint64_t dropped_shadowed = 0;
  uint64_t dropped_deleted = 0;
  uint64_t dropped_expired = 0;
  // Kept as tombstones; part of entries_out.
  uint64_t rewritten_expired = 0;
  uint64_t hash_removed = 0;
  uint64_t hash_added = 0;

  uint64_t dropped() const { return dropped_shadowed + dropped_deleted + dropped_expired; }
};

class CompactionIterator {
 public:
  struct Inputs {
    std::unique_ptr<RecordIterator> records;
    const FragmentedRangeTombstones& tombstones;
    // Ascending.
    std::span<const SequenceNumber> snapshots;
    // What has expired by then is gone for every reader.
    uint64_t now_ms = 0;
    const OlderData& older;
    // Asked each time that some blocks' worth of input was read; an error ends the walk.
    std::function<Status()> at_block_border;
  };

  explicit CompactionIterator(Inputs inputs);

  void seek_to_first();
  bool valid() const { return valid_; }
  // Requires valid().
  void next();
  const Record& record() const { return record_; }
  Status status() const { return stopped_.is_ok() ? inputs_.records->status() : stopped_; }
  const CompactionCounts& counts() const { return counts_; }

  // The range tombstones that the outputs keep, by start; they borrow the inputs' keys. Redundant
  // ones of a stripe are left out, and those that have nothing left to hide.
  std::vector<RangeTombstone> range_tombstones() const;

 private:
  enum class Verdict { kKeep, kShadowed, kDeleted, kExpired };

  // The number of the oldest snapshot that sees `sequence`; kMaxSequence when only later readers
  // do.
  SequenceNumber stripe_of(SequenceNumber sequence) const;
  // No snapshot is older, so that nothing hidden by it is kept for one.
  bool is_in_oldest_stripe(SequenceNumber sequence) const {
    return inputs_.snapshots.empty() || inputs_.snapshots.front() >= sequence;
  }
  void skip_to_kept();
  // False when the walk has to end.
  bool may_go_on();
  Verdict judge(const Record& record);
  void count_drop(Verdict verdict, const Record& record);

  Inputs inputs_;
  bool valid_ = false;
  Record record_;
  // The key at hand and the stripe of its version seen last.
  std::string key_;
  bool has_key_ = false;
  SequenceNumber key_stripe_ = 0;
  CompactionCounts counts_;
  // Keys and values walked over so far, and where the next block border is taken to be, bytes.
  uint64_t bytes_in_ = 0;
  uint64_t next_border_ = 0;
  Status stopped_;
};

}  // namespace kvhost::engine
