// Walks the records of one source (a memtable, a table, a merge of them) in internal order.
// Range tombstones do not appear here; each source offers them apart.
//
// Threads:   one thread at a time.
// Lifetime:  record() is valid until the iterator moves; the source outlives the iterator.
// Errors:    an error makes valid() false and stays in status(); a move never reports otherwise.
#pragma once

#include <string_view>

#include "format/record.hpp"
#include "kvhost/status.hpp"

namespace kvhost::engine {

class RecordIterator {
 public:
  virtual ~RecordIterator() = default;

  virtual bool valid() const = 0;
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  // To the first record at or after (key, sequence) in internal order. seek(key, kMaxSequence) finds
  // the newest version of `key`, else the next key.
  virtual void seek(std::string_view key, SequenceNumber sequence) = 0;
  // To the last record at or before (key, sequence) in internal order. seek_for_prev(key, 0) finds the
  // oldest version of `key`, else the last version of the key before.
  virtual void seek_for_prev(std::string_view key, SequenceNumber sequence) = 0;
  // Require valid().
  virtual void next() = 0;
  virtual void prev() = 0;
  virtual const Record& record() const = 0;

  virtual Status status() const = 0;
};

}  // namespace kvhost::engine
