// The versions of one key, newest first, as they lie in the memtable's arena.
//
// Threads:   one writer makes and publishes versions; readers follow them without locks. A version
//            never changes once it is published.
// Lifetime:  that of the arena.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/arena.hpp"
#include "format/record.hpp"

namespace kvhost::engine {

struct KeyVersion {
  const KeyVersion* older;
  // Far down the chain, after the skew-binary rule: any version is reached in O(log n) steps. The
  // oldest one points to itself.
  const KeyVersion* jump;
  uint64_t sequence_and_type;
  uint64_t expires_at_ms;
  uint32_t value_size;
  uint32_t depth;  // versions below
  // The value's bytes follow.

  SequenceNumber sequence() const { return sequence_and_type >> 8; }
  RecordType type() const { return static_cast<RecordType>(sequence_and_type & 0xFF); }
  std::string_view value() const { return {reinterpret_cast<const char*>(this + 1), value_size}; }
};

// The key of a radix tree's leaf and its chain.
struct Leaf {
  std::atomic<const KeyVersion*> newest;
  uint32_t key_size;

  // The key's bytes follow the fields directly.
  std::string_view key() const { return {reinterpret_cast<const char*>(&key_size + 1), key_size}; }
};

inline constexpr std::size_t kLeafKeyOffset =
    sizeof(std::atomic<const KeyVersion*>) + sizeof(uint32_t);

// Bytes that a version of `value` takes, to be had from the arena with alignment 8.
inline std::size_t version_size(std::string_view value) {
  return sizeof(KeyVersion) + value.size();
}

// Writes a version on top of `older` (null for the first) into `memory`.
const KeyVersion* make_version(char* memory, const Record& record, const KeyVersion* older);

// The newest version at or below `newest` with a number not above `max_sequence`, or null.
inline const KeyVersion* visible_version(const KeyVersion* newest, SequenceNumber max_sequence) {
  const KeyVersion* at = newest;
  while (at != nullptr && at->sequence() > max_sequence) {
    const KeyVersion* far = at->jump;
    at = far != at && far->sequence() > max_sequence ? far : at->older;
  }
  return at;
}

}  // namespace kvhost::engine
