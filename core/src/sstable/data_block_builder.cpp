#include "sstable/data_block_builder.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "sstable/shared_prefix.hpp"

namespace kvhost::engine {
namespace {

uint8_t width_of(uint64_t largest) {
  if (largest == 0) return 0;
  if (largest <= UINT8_MAX) return 1;
  if (largest <= UINT16_MAX) return 2;
  return largest <= UINT32_MAX ? 4 : 8;
}

uint64_t tail_of(uint64_t key_size, uint64_t prefix_size) {
  const uint64_t head_end = prefix_size + kHeadBytes;
  return key_size > head_end ? key_size - head_end : 0;
}

void store_width(char* column, uint8_t width, std::size_t entry, uint64_t value) {
  std::memcpy(column + entry * width, &value, width);
}

}  // namespace

void DataBlockBuilder::Figures::add(const Record& record) {
  ++entries;
  key_bytes += record.key.size();
  value_bytes += record.value.size();
  const auto key_size = static_cast<uint32_t>(record.key.size());
  const auto value_size = static_cast<uint32_t>(record.value.size());
  min_key = std::min(min_key, key_size);
  max_key = std::max(max_key, key_size);
  min_value = std::min(min_value, value_size);
  max_value = std::max(max_value, value_size);
  min_sequence = std::min(min_sequence, record.sequence);
  max_sequence = std::max(max_sequence, record.sequence);
  if (record.expires_at_ms != 0) {
    min_expiry = std::min(min_expiry, record.expires_at_ms);
    max_expiry = std::max(max_expiry, record.expires_at_ms);
  }
  (record.type == RecordType::kPut ? puts : tombstones) = true;
}

// `figures` are those of the records here, or of them and one more whose key is the longest or the
// shortest as they say.
uint64_t DataBlockBuilder::tail_bytes(const Figures& figures, std::size_t prefix_size) const {
  if (figures.min_key >= prefix_size + kHeadBytes) {
    return figures.key_bytes - figures.entries * (prefix_size + kHeadBytes);
  }
  if (figures.max_key <= prefix_size + kHeadBytes) return 0;
  if (known_tails_prefix_ != prefix_size) {
    known_tails_ = 0;
    for (const Entry& entry : entries_) known_tails_ += tail_of(entry.key_size, prefix_size);
    known_tails_prefix_ = prefix_size;
  }
  if (figures.entries == entries_.size()) return known_tails_;
  return known_tails_ + tail_of(figures.key_bytes - figures_.key_bytes, prefix_size);
}

DataBlockHeader DataBlockBuilder::header(const Figures& figures, std::size_t prefix_size) const {
  DataBlockHeader header;
  header.entries = static_cast<uint32_t>(figures.entries);
  header.prefix_size = static_cast<uint32_t>(prefix_size);
  header.sequence_base = figures.min_sequence;
  header.sequence_width = width_of(figures.max_sequence - figures.min_sequence);
  if (figures.max_expiry != 0) {
    header.expiry_base = figures.min_expiry;
    header.expiry_width = width_of(figures.max_expiry - figures.min_expiry + 1);
  }
  const uint64_t tails = tail_bytes(figures, prefix_size);
  header.tails_bytes = static_cast<uint32_t>(tails);
  header.values_bytes = static_cast<uint32_t>(figures.value_bytes);
  if (figures.min_key == figures.max_key) {
    header.suffix_size = figures.max_key - header.prefix_size;
  } else {
    const uint64_t longest = figures.max_key - prefix_size;
    header.key_width = std::max(longest, tails) <= UINT16_MAX ? 2 : 4;
  }
  if (figures.min_value == figures.max_value) {
    header.value_size = figures.max_value;
  } else {
    header.value_width = figures.value_bytes <= UINT16_MAX ? 2 : 4;
  }
  if (figures.puts && figures.tombstones) {
    header.types = DataBlockHeader::Types::kColumn;
  } else {
    header.types =
        figures.puts ? DataBlockHeader::Types::kAllPuts : DataBlockHeader::Types::kAllTombstones;
  }
  return header;
}

std::size_t DataBlockBuilder::measure(const Figures& figures, std::size_t prefix_size) const {
  return header(figures, prefix_size).block_bytes();
}

std::size_t DataBlockBuilder::block_bytes_with(const Record& record) const {
  Figures figures = figures_;
  figures.add(record);
  const std::size_t prefix = empty() ? record.key.size() : shared_prefix(key(0), record.key);
  return measure(figures, prefix);
}

void DataBlockBuilder::add(const Record& record, uint8_t tag) {
  KVHOST_ASSERT(
      figures_.key_bytes + figures_.value_bytes + record.key.size() + record.value.size() <=
          UINT32_MAX / 2,
      "a data block would grow beyond 2 GiB");
  prefix_size_ = empty() ? record.key.size() : shared_prefix(key(0), record.key);
  if (known_tails_prefix_ == prefix_size_) {
    known_tails_ += tail_of(record.key.size(), prefix_size_);
  } else {
    known_tails_prefix_ = SIZE_MAX;
  }
  figures_.add(record);
  entries_.push_back({keys_.size(), static_cast<uint32_t>(record.key.size()),
                      static_cast<uint32_t>(record.value.size()), record.sequence,
                      record.expires_at_ms, record.type, tag});
  keys_.append(record.key);
  values_.append(record.value);
}

std::string DataBlockBuilder::finish() {
  KVHOST_ASSERT(!empty(), "an empty data block was finished");
  const DataBlockHeader head = header(figures_, prefix_size_);
  std::string block(head.block_bytes(), '\0');
  head.store(block.data());
  write_columns(head, block.data() + DataBlockHeader::kBytes);
  entries_.clear();
  keys_.clear();
  values_.clear();
  figures_ = Figures();
  known_tails_prefix_ = SIZE_MAX;
  return block;
}

void DataBlockBuilder::write_columns(const DataBlockHeader& header, char* to) const {
  const std::size_t n = entries_.size();
  char* heads = to;
  char* tags = heads + n * kHeadBytes;
  char* sequences = tags + n;
  char* types = sequences + n * header.sequence_width;
  const bool has_types = header.types == DataBlockHeader::Types::kColumn;
  char* expiries = types + (has_types ? n : 0);
  char* suffix_sizes = expiries + n * header.expiry_width;
  char* tail_ends = suffix_sizes + n * header.key_width;
  char* value_ends = tail_ends + n * header.key_width;
  char* prefix = value_ends + n * header.value_width;
  char* tails = prefix + header.prefix_size;
  char* values = tails + header.tails_bytes;
  std::memcpy(prefix, keys_.data(), header.prefix_size);
  uint64_t tail_end = 0;
  uint64_t value_end = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Entry& entry = entries_[i];
    const std::string_view suffix = key(i).substr(header.prefix_size);
    store_fixed64(heads + i * kHeadBytes, key_head(suffix));
    tags[i] = static_cast<char>(entry.tag);
    store_width(sequences, header.sequence_width, i, entry.sequence - header.sequence_base);
    if (has_types) types[i] = static_cast<char>(entry.type);
    store_width(expiries, header.expiry_width, i,
                entry.expires_at_ms == 0 ? 0 : entry.expires_at_ms - header.expiry_base + 1);
    const std::string_view tail = key_tail(suffix);
    if (!tail.empty()) std::memcpy(tails + tail_end, tail.data(), tail.size());
    tail_end += tail.size();
    value_end += entry.value_size;
    store_width(suffix_sizes, header.key_width, i, suffix.size());
    store_width(tail_ends, header.key_width, i, tail_end);
    store_width(value_ends, header.value_width, i, value_end);
  }
  if (!values_.empty()) std::memcpy(values, values_.data(), values_.size());
}

}  // namespace kvhost::engine
