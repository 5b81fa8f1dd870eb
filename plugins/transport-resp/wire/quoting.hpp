// Text for people: quoted arguments in MONITOR and inline commands.
//
// Threads:   any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvhost::resp {

// "text" with \n, \xff and the like for what cannot be shown.
void append_quoted(std::string& out, std::string_view text);
// The words of an inline command; nothing where a quote is not closed or has no space after it.
std::optional<std::vector<std::string>> split_words(std::string_view line);

// What Redis shows of a word in an error: a C string ends at its first zero byte.
inline std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace kvhost::resp
