#include "sstable/fences.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/coding.hpp"
#include "format/key_head.hpp"
#include "sstable/shared_prefix.hpp"

namespace kvhost::engine {

void FenceBuilder::add_block(std::string_view first_key, std::string_view last_key,
                             uint64_t stored_bytes) {
  if (blocks_ > 0) {
    KVHOST_ASSERT(last_key_ <= first_key, "data blocks came out of order");
    const bool continues = last_key_ == first_key;
    const std::string_view fence =
        continues ? first_key : first_key.substr(0, shared_prefix(last_key_, first_key) + 1);
    const std::size_t shared = shared_prefix(last_fence_, fence);
    append_varint64(bytes_, (uint64_t{shared} << 1) | (continues ? 1 : 0));
    append_length_prefixed(bytes_, fence.substr(shared));
    last_fence_.assign(fence);
  }
  append_varint64(bytes_, stored_bytes);
  last_key_.assign(last_key);
  ++blocks_;
}

std::string FenceBuilder::finish(uint64_t first_offset) const {
  std::string block;
  append_varint64(block, blocks_);
  append_varint64(block, first_offset);
  block.append(bytes_);
  return block;
}

Result<Fences> Fences::load(std::string_view bytes, uint64_t data_end, uint64_t block_offset,
                            const std::string& path) {
  const auto damaged = [&](const std::string& what) {
    return table_corruption(path, block_offset, "fences: " + what);
  };
  Decoder decoder(bytes);
  const uint64_t blocks = decoder.varint64();
  uint64_t offset = decoder.varint64();
  // A block takes at least one byte here.
  if (!decoder.ok() || blocks > decoder.remaining()) {
    return damaged("blocks: at most " + expected_found(decoder.remaining(), blocks));
  }
  Fences fences;
  if (blocks == 0) return fences;
  std::vector<std::string> keys;
  keys.reserve(blocks - 1);
  fences.offsets_.reserve(blocks + 1);
  std::string key;
  for (uint64_t i = 0; i < blocks; ++i) {
    if (i > 0) {
      const uint64_t shared = decoder.varint64();
      const std::string_view rest = decoder.length_prefixed();
      if (!decoder.ok() || (shared >> 1) > key.size()) {
        return damaged("fence " + std::to_string(i) + " shares at most " +
                       expected_found(key.size(), shared >> 1));
      }
      const std::string last = key;
      key.resize(shared >> 1);
      key.append(rest);
      const bool continues = (shared & 1) != 0;
      if (i > 1 && key < last) return damaged("fence " + std::to_string(i) + " is out of order");
      fences.continues_.push_back(continues);
      keys.push_back(key);
    }
    const uint64_t size = decoder.varint64();
    if (!decoder.ok() || offset > data_end || size > data_end - offset ||
        size < kBlockTrailerBytes) {
      return damaged("block " + std::to_string(i) + " at " + std::to_string(offset) + " of " +
                     std::to_string(size) + " bytes lies outside of the data, which end at " +
                     std::to_string(data_end));
    }
    fences.offsets_.push_back(offset);
    offset += size;
  }
  fences.offsets_.push_back(offset);
  if (!decoder.finished() || offset != data_end) {
    return damaged("end of the data: " + expected_found(data_end, offset));
  }
  if (!keys.empty())
    fences.prefix_ = keys.front().substr(0, shared_prefix(keys.front(), keys.back()));
  for (const std::string& one : keys) {
    const std::string_view suffix = std::string_view(one).substr(fences.prefix_.size());
    fences.heads_.push_back(key_head(suffix));
    fences.suffixes_.append(suffix);
    if (fences.suffixes_.size() > UINT32_MAX) return damaged("keys are longer than 4 GiB together");
    fences.suffix_ends_.push_back(static_cast<uint32_t>(fences.suffixes_.size()));
  }
  return fences;
}

int Fences::compare(std::size_t fence, std::string_view key_suffix) const {
  const std::string_view own = suffix(fence);
  return compare_past_head(own.size(), key_tail(own), key_suffix.size(), key_tail(key_suffix));
}

std::size_t Fences::find(std::string_view key) const {
  const int by_prefix = std::string_view(prefix_).compare(key.substr(0, prefix_.size()));
  if (by_prefix != 0 || heads_.empty()) return by_prefix > 0 ? 0 : heads_.size();
  const std::string_view key_suffix = key.substr(prefix_.size());
  const uint64_t head = key_head(key_suffix);
  const auto* heads = reinterpret_cast<const char*>(heads_.data());
  std::size_t low = heads_below(heads, heads_.size(), head);
  // Among the fences of this head: the first that is above the key.
  std::size_t high = low;
  while (high < heads_.size() && heads_[high] == head) {
    // Long runs of equal heads are searched, short ones walked.
    if (high - low >= 8) {
      high = static_cast<std::size_t>(
          std::upper_bound(heads_.begin() + static_cast<std::ptrdiff_t>(low), heads_.end(), head) -
          heads_.begin());
      break;
    }
    ++high;
  }
  bool equals = false;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const int order = compare(middle, key_suffix);
    equals = equals || order == 0;
    if (order <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  // Fences below `low` are at or below the key, so it begins in block `low`, or, when that one goes
  // on with versions of this very key, where they begin.
  while (equals && continues(low) && fence(low) == key) --low;
  return low;
}

std::string Fences::fence(std::size_t block) const {
  if (block == 0) return {};
  return prefix_ + std::string(suffix(block - 1));
}

std::size_t Fences::memory_bytes() const {
  return offsets_.size() * sizeof(uint64_t) + heads_.size() * sizeof(uint64_t) +
         suffix_ends_.size() * sizeof(uint32_t) + suffixes_.size() + prefix_.size() +
         continues_.size() / 8;
}

}  // namespace kvhost::engine
