#include "config/did_you_mean.hpp"

#include <algorithm>
#include <limits>

namespace kvhost::host {

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Three rows of the table of optimal string alignment.
  std::vector<std::size_t> before(to.size() + 1);
  std::vector<std::size_t> above(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[to.size()];
}

std::string nearest_name(std::string_view wrong, std::span<const std::string> known) {
  // A name longer than any that is known is no slip of a key.
  constexpr std::size_t kLongest = 128;
  if (wrong.size() > kLongest) return {};
  const std::size_t allowed = std::max<std::size_t>(1, wrong.size() / 3);
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::string nearest;
  for (const auto& name : known) {
    const std::size_t distance = edit_distance(wrong, name);
    // The start of a name is as good as a name with one slip.
    const bool begins = wrong.size() >= 3 && name.size() > wrong.size() && name.starts_with(wrong);
    const std::size_t cost = begins ? std::min<std::size_t>(distance, 1) : distance;
    if (cost <= allowed && cost < best) {
      best = cost;
      nearest = name;
    }
  }
  return nearest;
}

std::string quoted_list(std::span<const std::string> names) {
  if (names.empty()) return "none";
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ", ";
    text += "\"" + name + "\"";
  }
  return text;
}

}  // namespace kvhost::host
