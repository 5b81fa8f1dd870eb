// Walks the records of one source (a memtable, a table, a merge of them) in internal order.
// Range tombstones do not appear here; each source offers them apart.
//
// Threads:   one thread at a time.
// Lifetime:  record() is valid until the iterator moves; the source outlives the iterator.
// Cost:      valid() and record() are no virtual calls: each step of each layer asks them.
// Errors:    an error makes valid() false and stays in status(); a move never reports otherwise.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "format/record.hpp"
#include "kvhost/status.hpp"

namespace kvhost::engine {

class RecordIterator {
 public:
  virtual ~RecordIterator() = default;

  bool valid() const { return current_ != nullptr; }
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  // To the first record at or after (key, sequence) in internal order. seek(key, kMaxSequence)
  // finds the newest version of `key`, else the next key.
  virtual void seek(std::string_view key, SequenceNumber sequence) = 0;
  // To the last record at or before (key, sequence) in internal order. seek_for_prev(key, 0) finds
  // the oldest version of `key`, else the last version of the key before.
  virtual void seek_for_prev(std::string_view key, SequenceNumber sequence) = 0;
  // Require valid().
  virtual void next() = 0;
  virtual void prev() = 0;
  const Record& record() const { return *current_; }

  // How many records after the current one are at hand and have keys below `bound` (no bound: are
  // at hand). A merge need not look at its other sources for as many steps forward.
  virtual std::size_t steps_before(std::optional<std::string_view> /*bound*/) const { return 0; }
  // Says that a seek to `key` is next. The iterator stands nowhere until then. What the seek would
  // wait for is set going, so that the sources of a merge wait together.
  virtual void prepare_seek(std::string_view /*key*/) {}

  virtual Status status() const = 0;

 protected:
  // What record() shows; null while the iterator is not valid.
  const Record* current_ = nullptr;
};

}  // namespace kvhost::engine
