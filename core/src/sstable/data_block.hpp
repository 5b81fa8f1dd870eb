// A data block as it lies on disk and in memory: columns of one table's block, searched in place.
//
// Threads:   a view; any.
// Lifetime:  borrows the block's bytes.
// Errors:    check() must have passed once on these bytes; the other functions then stay inside
// them. Format:    docs/formats/sstable.md, "Data block"
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.hpp"
#include "format/key_head.hpp"
#include "format/record.hpp"

namespace kvhost::engine {

// How many bytes an entry takes in a column: 0 says that all entries share one value.
struct DataBlockHeader {
  static constexpr std::size_t kBytes = 48;
  enum class Types : uint8_t { kAllPuts = 0, kAllTombstones = 1, kColumn = 2 };

  uint32_t entries = 0;
  uint8_t sequence_width = 0;  // 0 1 2 4 8
  uint8_t expiry_width = 0;    // 0 1 2 4 8
  uint8_t key_width = 0;       // 0 2 4
  uint8_t value_width = 0;     // 0 2 4
  uint32_t prefix_size = 0;
  uint32_t suffix_size = 0;  // of every key, when key_width is 0
  uint32_t value_size = 0;   // of every value, when value_width is 0
  Types types = Types::kAllPuts;
  uint64_t sequence_base = 0;
  uint64_t expiry_base = 0;
  uint32_t tails_bytes = 0;
  uint32_t values_bytes = 0;

  void store(char* to) const;
  static DataBlockHeader load(const char* from);
  // Bytes of the whole block.
  uint64_t block_bytes() const;
};

// One byte of a key's hash, so that an exact search touches few heads.
inline uint8_t key_tag(uint64_t hash) { return static_cast<uint8_t>(hash >> 24); }

class DataBlock {
 public:
  DataBlock() = default;
  explicit DataBlock(std::string_view bytes);

  // Says what is wrong with the structure of bytes that are to be a data block; empty when nothing
  // is.
  static std::string check(std::string_view bytes);

  std::size_t entries() const { return entries_; }
  std::string_view prefix() const { return {prefix_, prefix_size_}; }

  struct Match {
    // The entry, or none.
    std::optional<std::size_t> entry;
    // Older versions of the key may stand in the next block.
    bool at_end = false;
  };
  // The newest version of `key` with a number not above `max_sequence`.
  Match find(std::string_view key, uint8_t tag, SequenceNumber max_sequence) const;
  // The first entry at or after (key, sequence) in internal order; entries() when there is none.
  std::size_t lower_bound(std::string_view key, SequenceNumber sequence) const;

  SequenceNumber sequence(std::size_t entry) const {
    return sequence_base_ + column(sequences_, sequence_width_, entry);
  }
  RecordType type(std::size_t entry) const {
    return static_cast<RecordType>(types_ == nullptr ? one_type_
                                                     : static_cast<uint8_t>(types_[entry]));
  }
  uint64_t expires_at_ms(std::size_t entry) const {
    if (expiry_width_ == 0) return 0;
    const uint64_t stored = column(expiries_, expiry_width_, entry);
    return stored == 0 ? 0 : expiry_base_ + stored - 1;
  }
  std::string_view value(std::size_t entry) const {
    if (value_width_ == 0) return {values_ + entry * value_size_, value_size_};
    const uint64_t begin = entry == 0 ? 0 : column(value_ends_, value_width_, entry - 1);
    return {values_ + begin, column(value_ends_, value_width_, entry) - begin};
  }
  uint64_t head(std::size_t entry) const { return load_fixed64(heads_ + entry * kHeadBytes); }
  uint8_t tag(std::size_t entry) const { return static_cast<uint8_t>(tags_[entry]); }
  std::size_t key_size(std::size_t entry) const { return prefix_size_ + suffix_size(entry); }
  // Brings the rest of the key and the value near: they lie in lines of their own.
  void prefetch(std::size_t entry) const {
    const std::string_view bytes = value(entry);
    __builtin_prefetch(tail(entry).data());
    __builtin_prefetch(bytes.data());
    __builtin_prefetch(bytes.data() + bytes.size());
  }
  // Writes the key to `to`, which has room for key_size() + 8 bytes and holds the prefix already.
  void store_suffix(std::size_t entry, char* to) const {
    store_head(to + prefix_size_, head(entry));
    const std::string_view rest = tail(entry);
    std::memcpy(to + prefix_size_ + kHeadBytes, rest.data(), rest.size());
  }
  std::string key(std::size_t entry) const;

 private:
  static uint64_t column(const char* from, uint8_t width, std::size_t entry) {
    switch (width) {
      case 0:
        return 0;
      case 1:
        return static_cast<uint8_t>(from[entry]);
      case 2:
        return load_fixed16(from + entry * 2);
      case 4:
        return load_fixed32(from + entry * 4);
      default:
        return load_fixed64(from + entry * 8);
    }
  }
  std::size_t suffix_size(std::size_t entry) const {
    return key_width_ == 0 ? suffix_size_ : column(suffix_sizes_, key_width_, entry);
  }
  std::string_view tail(std::size_t entry) const {
    if (key_width_ == 0) return {tails_ + entry * tail_size_, tail_size_};
    const uint64_t begin = entry == 0 ? 0 : column(tail_ends_, key_width_, entry - 1);
    return {tails_ + begin, column(tail_ends_, key_width_, entry) - begin};
  }
  bool is_key(std::size_t entry, std::string_view suffix, uint64_t suffix_head) const {
    return head(entry) == suffix_head && suffix_size(entry) == suffix.size() &&
           tail(entry) == key_tail(suffix);
  }
  std::optional<std::size_t> find_first(std::string_view suffix, uint64_t suffix_head,
                                        uint8_t tag) const;

  std::size_t entries_ = 0;
  const char* heads_ = nullptr;
  const char* tags_ = nullptr;
  const char* sequences_ = nullptr;
  const char* types_ = nullptr;  // null: one_type_
  const char* expiries_ = nullptr;
  const char* suffix_sizes_ = nullptr;
  const char* tail_ends_ = nullptr;
  const char* value_ends_ = nullptr;
  const char* prefix_ = nullptr;
  const char* tails_ = nullptr;
  const char* values_ = nullptr;
  uint64_t sequence_base_ = 0;
  uint64_t expiry_base_ = 0;
  std::size_t prefix_size_ = 0;
  std::size_t suffix_size_ = 0;
  std::size_t tail_size_ = 0;
  std::size_t value_size_ = 0;
  uint8_t sequence_width_ = 0;
  uint8_t expiry_width_ = 0;
  uint8_t key_width_ = 0;
  uint8_t value_width_ = 0;
  uint8_t one_type_ = 0;
};

}  // namespace kvhost::engine
