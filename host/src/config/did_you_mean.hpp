// The name that somebody probably meant.
//
// Threads:   any; pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvhost::host {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view from, std::string_view to);
// The known name nearest to `wrong`, or empty when none is near enough to be meant.
std::string nearest_name(std::string_view wrong, std::span<const std::string> known);
// `"a", "b"`; or "none" for an empty list.
std::string quoted_list(std::span<const std::string> names);

}  // namespace kvhost::host
