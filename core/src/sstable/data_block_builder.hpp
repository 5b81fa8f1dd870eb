// Gathers the records of one data block and writes them as columns, each as narrow as they allow.
//
// Threads:   one.
// Lifetime:  copies what it is given.
// Format:    docs/formats/sstable.md, "Data block"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/record.hpp"
#include "sstable/data_block.hpp"

namespace kvhost::engine {

class DataBlockBuilder {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t entries() const { return entries_.size(); }
  // Of the block as finish() would write it now; 0 when empty.
  std::size_t block_bytes() const { return empty() ? 0 : measure(figures_, prefix_size_); }
  // No less than block_bytes_with(), without the sums.
  std::size_t upper_bound_with(const Record& record) const {
    constexpr std::size_t kPerEntry = kHeadBytes + 1 + 8 + 1 + 8 + 2 * 4 + 4;
    return DataBlockHeader::kBytes + (entries_.size() + 1) * kPerEntry + keys_.size() +
           record.key.size() + values_.size() + record.value.size() + record.key.size();
  }
  // The same as block_bytes() with `record` added.
  std::size_t block_bytes_with(const Record& record) const;

  // Requires internal order; the caller has asserted it.
  void add(const Record& record, uint8_t tag);
  // The block's bytes; the builder is empty afterwards. Requires an entry.
  std::string finish();

  std::string_view first_key() const { return key(0); }
  std::string_view last_key() const { return key(entries() - 1); }

 private:
  struct Entry {
    std::size_t key_begin;
    uint32_t key_size;
    uint32_t value_size;
    SequenceNumber sequence;
    uint64_t expires_at_ms;
    RecordType type;
    uint8_t tag;
  };
  // All that the widths of the columns depend on.
  struct Figures {
    uint64_t entries = 0;
    uint64_t key_bytes = 0;
    uint64_t value_bytes = 0;
    uint32_t min_key = UINT32_MAX, max_key = 0;
    uint32_t min_value = UINT32_MAX, max_value = 0;
    SequenceNumber min_sequence = UINT64_MAX, max_sequence = 0;
    uint64_t min_expiry = UINT64_MAX, max_expiry = 0;  // of those that have one
    bool puts = false, tombstones = false;

    void add(const Record& record);
  };

  std::string_view key(std::size_t entry) const {
    return std::string_view(keys_).substr(entries_[entry].key_begin, entries_[entry].key_size);
  }
  uint64_t tail_bytes(const Figures& figures, std::size_t prefix_size) const;
  DataBlockHeader header(const Figures& figures, std::size_t prefix_size) const;
  std::size_t measure(const Figures& figures, std::size_t prefix_size) const;
  void write_columns(const DataBlockHeader& header, char* to) const;

  std::vector<Entry> entries_;
  std::string keys_;
  std::string values_;
  Figures figures_;
  // Shared by the first and the last key, and so by all between.
  std::size_t prefix_size_ = 0;
  // tail_bytes() of the records here under this prefix, so that it is not summed up for each
  // record.
  mutable uint64_t known_tails_ = 0;
  mutable std::size_t known_tails_prefix_ = SIZE_MAX;
};

}  // namespace kvhost::engine
