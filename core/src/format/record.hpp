// One stored record: what the memtable, tables and iterators pass to each other.
//
// Order:     by user key ascending (bytes as unsigned), then by sequence number descending.
// Lifetime:  key and value are borrowed; whoever hands out a Record says for how long.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvhost::engine {

using SequenceNumber = uint64_t;

// The highest number a record can carry; a search for it finds the newest version of a key.
inline constexpr SequenceNumber kMaxSequence = (uint64_t{1} << 56) - 1;

// Stored in tables and logs: numbers never change.
enum class RecordType : uint8_t { kTombstone = 0, kPut = 1, kRangeTombstone = 2 };

struct Record {
  // The engine key: the space's prefix followed by the user's bytes (see space_key.hpp).
  std::string_view key;
  std::string_view value;
  SequenceNumber sequence = 0;
  RecordType type = RecordType::kPut;
  // Absolute, Unix milliseconds; 0 = never.
  uint64_t expires_at_ms = 0;
};

// A deletion of every key in [start, end) with a lower sequence number.
struct RangeTombstone {
  std::string_view start;
  std::string_view end;  // exclusive
  SequenceNumber sequence = 0;
};

// Negative, zero or positive as (a_key, a_sequence) sorts before, at or after (b_key, b_sequence).
inline int compare_internal(std::string_view a_key, SequenceNumber a_sequence,
                            std::string_view b_key, SequenceNumber b_sequence) {
  if (const int by_key = a_key.compare(b_key); by_key != 0) return by_key;
  if (a_sequence == b_sequence) return 0;
  return a_sequence > b_sequence ? -1 : 1;
}

}  // namespace kvhost::engine
