// The engine key of a user's key in a space: an order-preserving prefix for the space, then the
// user's bytes. Spaces 0–247 take one byte (the number itself); a larger one takes the byte 0xF8
// and four bytes, big-endian. So spaces sort by number, and a space is one contiguous range.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvhost::engine {

inline constexpr uint32_t kOneByteSpaces = 248;
inline constexpr std::size_t kMaxSpacePrefix = 5;

// Appends the prefix of `space` to `out`.
inline void append_space_prefix(std::string& out, uint32_t space) {
  if (space < kOneByteSpaces) {
    out.push_back(static_cast<char>(space));
    return;
  }
  out.push_back(static_cast<char>(kOneByteSpaces));
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(space >> shift));
}

inline std::string space_key(uint32_t space, std::string_view user_key) {
  std::string key;
  key.reserve(kMaxSpacePrefix + user_key.size());
  append_space_prefix(key, space);
  key.append(user_key);
  return key;
}

inline std::size_t space_prefix_size(uint32_t space) { return space < kOneByteSpaces ? 1 : 5; }

// The user's bytes of an engine key. Requires a key made by space_key().
inline std::string_view user_key_of(std::string_view engine_key) {
  const bool is_short = static_cast<uint8_t>(engine_key.front()) < kOneByteSpaces;
  return engine_key.substr(is_short ? 1 : kMaxSpacePrefix);
}

// The exclusive end of a space's range, as an engine key.
inline std::string space_end_key(uint32_t space) {
  if (space == UINT32_MAX) return std::string(1, static_cast<char>(kOneByteSpaces + 1));
  return space_key(space + 1, {});
}

}  // namespace kvhost::engine
