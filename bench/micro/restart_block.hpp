// A data block as many LSM engines lay it out, to compare with: entries one after the other, each
// key stored as what differs from the one before, every sixteenth whole, and the places of those at
// the end. A search is binary over the whole keys, then goes entry by entry.
//
// Threads:   one.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/coding.hpp"
#include "sstable/shared_prefix.hpp"

namespace kvhost::engine::bench {

class RestartBlockBuilder {
 public:
  static constexpr std::size_t kInterval = 16;

  std::size_t block_bytes() const { return entries_.size() + restarts_.size() * 4 + 4; }
  // The key carries its sequence and type in eight bytes more, as is usual there.
  void add(std::string_view key, uint64_t sequence, std::string_view value) {
    std::string internal(key);
    append_fixed64(internal, (sequence << 8) | 1);
    std::size_t shared = 0;
    if (count_++ % kInterval == 0) {
      restarts_.push_back(static_cast<uint32_t>(entries_.size()));
    } else {
      shared = shared_prefix(last_, internal);
    }
    append_varint64(entries_, shared);
    append_varint64(entries_, internal.size() - shared);
    append_varint64(entries_, value.size());
    entries_.append(internal, shared);
    entries_.append(value);
    last_ = internal;
  }
  std::string finish() {
    std::string block = std::move(entries_);
    for (const uint32_t restart : restarts_) append_fixed32(block, restart);
    append_fixed32(block, static_cast<uint32_t>(restarts_.size()));
    entries_.clear();
    restarts_.clear();
    count_ = 0;
    return block;
  }

 private:
  std::string entries_;
  std::string last_;
  std::vector<uint32_t> restarts_;
  std::size_t count_ = 0;
};

// The value of the newest version of `key`; a null view when it is not here. `scratch` keeps its
// memory from search to search.
inline std::string_view find_in_restart_block(std::string_view block, std::string_view key,
                                              std::string& scratch) {
  const uint32_t restarts = load_fixed32(block.data() + block.size() - 4);
  const char* table = block.data() + block.size() - 4 - restarts * 4;
  const auto varint = [](const char*& at) {
    uint64_t value = static_cast<uint8_t>(*at++);
    for (int shift = 7; (value >> (shift - 7) & 0x80) != 0 && shift < 63; shift += 7) {
      value = (value & ~(uint64_t{0x80} << (shift - 7))) |
              (static_cast<uint64_t>(static_cast<uint8_t>(*at++)) << shift);
    }
    return value;
  };
  uint32_t low = 0, high = restarts - 1;
  while (low < high) {
    const uint32_t middle = (low + high + 1) / 2;
    const char* at = block.data() + load_fixed32(table + middle * 4);
    varint(at);
    const uint64_t size = varint(at);
    varint(at);
    if (std::string_view(at, size - 8) < key) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const char* at = block.data() + load_fixed32(table + low * 4);
  while (at < table) {
    const uint64_t shared = varint(at);
    const uint64_t rest = varint(at);
    const uint64_t value_size = varint(at);
    scratch.resize(shared);
    scratch.append(at, rest);
    const std::string_view found(scratch.data(), scratch.size() - 8);
    if (found == key) return {at + rest, value_size};
    if (found > key) return {};
    at += rest + value_size;
  }
  return {};
}

}  // namespace kvhost::engine::bench
