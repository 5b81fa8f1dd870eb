// A Bloom filter in blocks of one cache line (Putze, Sanders, Singler: "Cache-, Hash- and
// Space-Efficient Bloom Filters", 2007): a key's bits all lie in the line that its hash names, so a
// lookup costs one cache miss.
//
// Threads:   Filter any; FilterBuilder one.
// Lifetime:  Filter borrows its bytes; lines are aligned when the bytes are.
// Errors:    Filter::check() must have passed once on the bytes.
// Format:    docs/formats/sstable.md, "Filter"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kvhost::engine {

class FilterBuilder {
 public:
  explicit FilterBuilder(uint32_t bits_per_key) : bits_per_key_(bits_per_key) {}

  // key_hash() of a key; the same key once.
  void add(uint64_t hash) {
    if (bits_per_key_ != 0) hashes_.push_back(hash);
  }
  // Bytes that finish() will yield.
  std::size_t block_bytes() const;
  // Empty without keys or bits.
  std::string finish() const;

 private:
  uint64_t lines() const;

  uint32_t bits_per_key_;
  std::vector<uint64_t> hashes_;
};

class Filter {
 public:
  static constexpr std::size_t kLineBytes = 64;
  // After the lines: probes (4), zero (4), lines (8).
  static constexpr std::size_t kTrailerBytes = 16;
  // A hash multiplied yields seven places of nine bits.
  static constexpr uint32_t kMaxProbes = 7;

  Filter() = default;
  explicit Filter(std::string_view bytes);
  static std::string check(std::string_view bytes);

  // Without a filter, always.
  bool may_contain(uint64_t hash) const {
    if (lines_ == 0) return true;
    const char* line = bytes_ + line_of(hash, lines_) * kLineBytes;
    uint64_t places = places_of(hash);
    for (uint32_t i = 0; i < probes_; ++i, places >>= 9) {
      const unsigned bit = places & 511;
      if (((static_cast<uint8_t>(line[bit / 8]) >> (bit % 8)) & 1) == 0) return false;
    }
    return true;
  }
  void prefetch(uint64_t hash) const {
    if (lines_ != 0) __builtin_prefetch(bytes_ + line_of(hash, lines_) * kLineBytes);
  }

 private:
  friend class FilterBuilder;
  // The high half of the hash picks the line, the whole of it, mixed, the bits.
  static uint64_t line_of(uint64_t hash, uint64_t lines) { return ((hash >> 32) * lines) >> 32; }
  static uint64_t places_of(uint64_t hash) {
    return ((hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15u) >> 1;
  }

  const char* bytes_ = nullptr;
  uint64_t lines_ = 0;
  uint32_t probes_ = 0;
};

}  // namespace kvhost::engine
