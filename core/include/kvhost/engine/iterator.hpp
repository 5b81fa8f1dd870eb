// Walks the live keys of one space in key order, forward and back, over one state of the engine.
//
// Threads:   one thread at a time.
// Lifetime:  key() and value() are valid until the iterator moves. The iterator keeps the state it
//            was made on; close long-lived ones, they hold back compaction.
// Errors:    an error makes valid() false and stays in status().
// Expiry:    judged once, when the iterator is made.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvhost/status.hpp"

namespace kvhost::engine {

class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual bool valid() const = 0;
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  // To the first key at or after `key`.
  virtual void seek(std::string_view key) = 0;
  // To the last key at or before `key`.
  virtual void seek_for_prev(std::string_view key) = 0;
  // Require valid().
  virtual void next() = 0;
  virtual void prev() = 0;

  // The user's bytes, without the space. These require valid().
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // The sequence number that users see as the version.
  virtual uint64_t version() const = 0;
  // Absolute, Unix milliseconds; 0 = never.
  virtual uint64_t expires_at_ms() const = 0;

  virtual Status status() const = 0;
};

}  // namespace kvhost::engine
