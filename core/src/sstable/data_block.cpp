#include "sstable/data_block.hpp"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kvhost::engine {
namespace {

uint64_t tail_bytes_of(uint64_t suffix_size) {
  return suffix_size <= kHeadBytes ? 0 : suffix_size - kHeadBytes;
}

bool is_one_of(uint8_t width, std::initializer_list<uint8_t> allowed) {
  for (const uint8_t one : allowed) {
    if (width == one) return true;
  }
  return false;
}

uint64_t load_width(const char* from, uint8_t width, std::size_t entry) {
  return width == 2 ? load_fixed16(from + entry * 2) : load_fixed32(from + entry * 4);
}

// Ends of a column never go back and the last is `total`.
bool ends_are_sound(const char* ends, uint8_t width, std::size_t entries, uint64_t total) {
  uint64_t last = 0;
  for (std::size_t i = 0; i < entries; ++i) {
    const uint64_t end = load_width(ends, width, i);
    if (end < last) return false;
    last = end;
  }
  return last == total;
}

}  // namespace

void DataBlockHeader::store(char* to) const {
  std::memset(to, 0, kBytes);
  store_fixed32(to, entries);
  to[4] = static_cast<char>(sequence_width);
  to[5] = static_cast<char>(expiry_width);
  to[6] = static_cast<char>(key_width);
  to[7] = static_cast<char>(value_width);
  store_fixed32(to + 8, prefix_size);
  store_fixed32(to + 12, suffix_size);
  store_fixed32(to + 16, value_size);
  to[20] = static_cast<char>(types);
  store_fixed64(to + 24, sequence_base);
  store_fixed64(to + 32, expiry_base);
  store_fixed32(to + 40, tails_bytes);
  store_fixed32(to + 44, values_bytes);
}

DataBlockHeader DataBlockHeader::load(const char* from) {
  DataBlockHeader header;
  header.entries = load_fixed32(from);
  header.sequence_width = static_cast<uint8_t>(from[4]);
  header.expiry_width = static_cast<uint8_t>(from[5]);
  header.key_width = static_cast<uint8_t>(from[6]);
  header.value_width = static_cast<uint8_t>(from[7]);
  header.prefix_size = load_fixed32(from + 8);
  header.suffix_size = load_fixed32(from + 12);
  header.value_size = load_fixed32(from + 16);
  header.types = static_cast<Types>(from[20]);
  header.sequence_base = load_fixed64(from + 24);
  header.expiry_base = load_fixed64(from + 32);
  header.tails_bytes = load_fixed32(from + 40);
  header.values_bytes = load_fixed32(from + 44);
  return header;
}

uint64_t DataBlockHeader::block_bytes() const {
  const uint64_t per_entry = kHeadBytes + 1 + sequence_width + expiry_width +
                             (types == Types::kColumn ? 1u : 0u) + 2u * key_width + value_width;
  return kBytes + entries * per_entry + prefix_size + tails_bytes + values_bytes;
}

std::string DataBlock::check(std::string_view bytes) {
  const auto differ = [](const char* what, uint64_t expected, uint64_t found) {
    return std::string(what) + ": expected " + std::to_string(expected) + ", found " +
           std::to_string(found);
  };
  if (bytes.size() < DataBlockHeader::kBytes) {
    return differ("data block is shorter than its header", DataBlockHeader::kBytes, bytes.size());
  }
  const DataBlockHeader header = DataBlockHeader::load(bytes.data());
  if (!is_one_of(header.sequence_width, {0, 1, 2, 4, 8}) ||
      !is_one_of(header.expiry_width, {0, 1, 2, 4, 8}) || !is_one_of(header.key_width, {0, 2, 4}) ||
      !is_one_of(header.value_width, {0, 2, 4}) || header.types > DataBlockHeader::Types::kColumn) {
    return "data block has a column width or type that this version does not know";
  }
  if (header.entries == 0) return "data block has no entries";
  if (header.block_bytes() != bytes.size()) {
    return differ("data block's columns do not fill it", bytes.size(), header.block_bytes());
  }
  const uint64_t n = header.entries;
  if (header.key_width == 0 && n * tail_bytes_of(header.suffix_size) != header.tails_bytes) {
    return differ("data block's key bytes", n * tail_bytes_of(header.suffix_size),
                  header.tails_bytes);
  }
  if (header.value_width == 0 && n * header.value_size != header.values_bytes) {
    return differ("data block's value bytes", n * header.value_size, header.values_bytes);
  }
  const DataBlock block(bytes);
  if (header.value_width != 0 &&
      !ends_are_sound(block.value_ends_, header.value_width, n, header.values_bytes)) {
    return "data block's value ends are out of order";
  }
  if (header.key_width != 0) {
    if (!ends_are_sound(block.tail_ends_, header.key_width, n, header.tails_bytes)) {
      return "data block's key ends are out of order";
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (tail_bytes_of(block.suffix_size(i)) != block.tail(i).size()) {
        return "data block's key sizes and key ends disagree at entry " + std::to_string(i);
      }
    }
  }
  for (std::size_t i = 0; block.types_ != nullptr && i < n; ++i) {
    if (block.type(i) != RecordType::kPut && block.type(i) != RecordType::kTombstone) {
      return "data block has a record of unknown type at entry " + std::to_string(i);
    }
  }
  return {};
}

DataBlock::DataBlock(std::string_view bytes) {
  const DataBlockHeader header = DataBlockHeader::load(bytes.data());
  const std::size_t n = header.entries;
  entries_ = n;
  sequence_width_ = header.sequence_width;
  expiry_width_ = header.expiry_width;
  key_width_ = header.key_width;
  value_width_ = header.value_width;
  prefix_size_ = header.prefix_size;
  suffix_size_ = header.suffix_size;
  tail_size_ = tail_bytes_of(header.suffix_size);
  value_size_ = header.value_size;
  sequence_base_ = header.sequence_base;
  expiry_base_ = header.expiry_base;
  heads_ = bytes.data() + DataBlockHeader::kBytes;
  tags_ = heads_ + n * kHeadBytes;
  sequences_ = tags_ + n;
  const char* at = sequences_ + n * sequence_width_;
  if (header.types == DataBlockHeader::Types::kColumn) {
    types_ = at;
    at += n;
  } else {
    one_type_ = static_cast<uint8_t>(header.types == DataBlockHeader::Types::kAllPuts
                                         ? RecordType::kPut
                                         : RecordType::kTombstone);
  }
  expiries_ = at;
  suffix_sizes_ = expiries_ + n * expiry_width_;
  tail_ends_ = suffix_sizes_ + n * key_width_;
  value_ends_ = tail_ends_ + n * key_width_;
  prefix_ = value_ends_ + n * value_width_;
  tails_ = prefix_ + prefix_size_;
  values_ = tails_ + header.tails_bytes;
}

std::optional<std::size_t> DataBlock::find_first(std::string_view suffix, uint64_t suffix_head,
                                                 uint8_t tag) const {
  std::size_t from = 0;
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(static_cast<char>(tag));
  for (; from + 16 <= entries_; from += 16) {
    const __m128i tags = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags_ + from));
    auto hits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(tags, wanted)));
    for (; hits != 0; hits &= hits - 1) {
      const std::size_t entry = from + static_cast<unsigned>(std::countr_zero(hits));
      prefetch(entry);
      if (is_key(entry, suffix, suffix_head)) return entry;
    }
  }
#endif
  for (; from < entries_; ++from) {
    if (this->tag(from) == tag && is_key(from, suffix, suffix_head)) return from;
  }
  return std::nullopt;
}

DataBlock::Match DataBlock::find(std::string_view key, uint8_t tag,
                                 SequenceNumber max_sequence) const {
  if (!key.starts_with(prefix())) return {};
  const std::string_view suffix = key.substr(prefix_size_);
  const uint64_t suffix_head = key_head(suffix);
  const std::optional<std::size_t> first = find_first(suffix, suffix_head, tag);
  if (!first) return {};
  for (std::size_t entry = *first;; ++entry) {
    if (entry == entries_) return {std::nullopt, true};
    if (entry != *first && !is_key(entry, suffix, suffix_head)) return {};
    if (sequence(entry) <= max_sequence) return {entry, false};
  }
}

std::size_t DataBlock::lower_bound(std::string_view key, SequenceNumber wanted) const {
  const int by_prefix = prefix().compare(key.substr(0, prefix_size_));
  if (by_prefix != 0) return by_prefix > 0 ? 0 : entries_;
  const std::string_view suffix = key.substr(prefix_size_);
  const uint64_t suffix_head = key_head(suffix);
  const std::string_view suffix_tail = key_tail(suffix);
  std::size_t low = heads_below(heads_, entries_, suffix_head);
  std::size_t high = suffix_head == UINT64_MAX ? entries_
                                               : low + heads_below(heads_ + low * kHeadBytes,
                                                                   entries_ - low, suffix_head + 1);
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const int order =
        compare_past_head(suffix_size(middle), tail(middle), suffix.size(), suffix_tail);
    const bool before = order != 0 ? order < 0 : sequence(middle) > wanted;
    if (before) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::string DataBlock::key(std::size_t entry) const {
  const std::size_t size = key_size(entry);
  std::string key(std::max(size, prefix_size_) + kHeadBytes, '\0');
  std::memcpy(key.data(), prefix_, prefix_size_);
  store_suffix(entry, key.data());
  key.resize(size);
  return key;
}

}  // namespace kvhost::engine
