// The small world that histories play in: few keys, so that they meet each other.
#pragma once

#include <optional>
#include <string>

#include "base/random.hpp"
#include "kvhost/engine/engine.hpp"

namespace kvhost::engine::testing {

inline constexpr uint32_t kModelSpaces[] = {0, 1, 300};

inline uint32_t draw_space(Random& random) {
  return random.one_in(4) ? kModelSpaces[random.below(3)] : 0;
}

inline std::string draw_key(Random& random) {
  static const std::string kOdd[] = {"", std::string(1, '\0'), "\xff", "\xff\xff", "k", "k1"};
  if (random.one_in(10)) return kOdd[random.below(6)];
  return "k" + std::to_string(random.below(40));
}

inline std::string draw_value(Random& random) {
  if (random.one_in(4)) return std::to_string(random.below(1000));
  const std::size_t size = random.one_in(20) ? 3000 + random.below(3000) : random.below(200);
  std::string value(size, 'v');
  for (std::size_t i = 0; i < size; i += 7) value[i] = static_cast<char>(random.next());
  return value;
}

inline Expiry draw_expiry(Random& random) {
  switch (random.below(4)) {
    case 0:
      return Expiry::keep_old();
    case 1:
      return Expiry::after_ms(1 + random.below(3000));
    default:
      return Expiry::never();
  }
}

inline void draw_op(Random& random, WriteBatch& batch) {
  const uint32_t space = draw_space(random);
  const std::string key = draw_key(random);
  const uint8_t flags = random.one_in(2) ? kWantExisted : 0;
  switch (random.below(8)) {
    case 0:
      return batch.erase(space, key, flags);
    case 1:
      return batch.increment(space, key, static_cast<int64_t>(random.below(9)) - 4);
    case 2:
      if (random.one_in(3)) {
        const std::string end = draw_key(random);
        return batch.erase_range(
            space, key, random.one_in(4) ? std::nullopt : std::optional<std::string_view>(end));
      }
      [[fallthrough]];
    default:
      return batch.put(space, key, draw_value(random), draw_expiry(random), flags);
  }
}

inline void draw_condition(Random& random, const GetResult& current, uint32_t space,
                           const std::string& key, WriteBatch& batch) {
  switch (random.below(5)) {
    case 0:
      return batch.require_absent(space, key);
    case 1:
      return batch.require_present(space, key);
    case 2:
      return batch.require_version(space, key, current.version);
    case 3:
      return batch.require_version(space, key, current.version + 1);
    default:
      return batch.require_value(space, key, current.value.view());
  }
}

inline Range draw_range(Random& random) {
  Range range;
  range.space = draw_space(random);
  if (random.one_in(2)) range.start = draw_key(random);
  if (random.one_in(2)) range.end = draw_key(random);
  return range;
}

}  // namespace kvhost::engine::testing
