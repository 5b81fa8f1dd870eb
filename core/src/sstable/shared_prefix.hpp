// How many leading bytes two keys share.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kvhost::engine {

inline std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t same = 0;
  for (; same + 8 <= limit; same += 8) {
    uint64_t left, right;
    std::memcpy(&left, a.data() + same, 8);
    std::memcpy(&right, b.data() + same, 8);
    if (left != right) return same + static_cast<std::size_t>(std::countr_zero(left ^ right)) / 8;
  }
  while (same < limit && a[same] == b[same]) ++same;
  return same;
}

}  // namespace kvhost::engine
