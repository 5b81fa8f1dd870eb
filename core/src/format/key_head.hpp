// The head of a key: its first eight bytes as a number that sorts as they do, so that most
// comparisons are one of integers. Shorter keys are filled up with zeros; compare_past_head() tells
// keys of equal heads apart.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kvhost::engine {

inline constexpr std::size_t kHeadBytes = 8;

inline uint64_t key_head(std::string_view key) {
  uint64_t raw = 0;
  if (key.size() >= kHeadBytes) {
    std::memcpy(&raw, key.data(), kHeadBytes);
  } else if (!key.empty()) {
    std::memcpy(&raw, key.data(), key.size());
  }
  return __builtin_bswap64(raw);
}

// Whether two keys are equal. Keys that follow each other in a walk differ at their ends mostly.
inline bool is_same_key(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() < kHeadBytes) return a == b;
  uint64_t a_end = 0;
  uint64_t b_end = 0;
  std::memcpy(&a_end, a.data() + a.size() - kHeadBytes, kHeadBytes);
  std::memcpy(&b_end, b.data() + b.size() - kHeadBytes, kHeadBytes);
  return a_end == b_end && std::memcmp(a.data(), b.data(), a.size() - kHeadBytes) == 0;
}

// Writes the eight bytes that a head stands for.
inline void store_head(char* to, uint64_t head) {
  const uint64_t raw = __builtin_bswap64(head);
  std::memcpy(to, &raw, kHeadBytes);
}

// What follows the head.
inline std::string_view key_tail(std::string_view key) {
  return key.size() <= kHeadBytes ? std::string_view() : key.substr(kHeadBytes);
}

// The order of two keys whose heads are equal, given by their sizes and tails.
inline int compare_past_head(std::size_t a_size, std::string_view a_tail, std::size_t b_size,
                             std::string_view b_tail) {
  if (std::min(a_size, b_size) <= kHeadBytes) {
    // The shorter one, filled up with zeros, is a prefix of the longer one.
    return a_size == b_size ? 0 : (a_size < b_size ? -1 : 1);
  }
  return a_tail.compare(b_tail);
}

// How many of the sorted heads are below `head`, without branches on their values.
inline std::size_t heads_below(const char* heads, std::size_t count, uint64_t head) {
  std::size_t base = 0;
  while (count > 0) {
    const std::size_t half = (count + 1) / 2;
    uint64_t middle;
    std::memcpy(&middle, heads + (base + half - 1) * kHeadBytes, kHeadBytes);
    base += middle < head ? half : 0;
    count -= half;
  }
  return base;
}

}  // namespace kvhost::engine
