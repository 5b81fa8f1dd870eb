// Patterns of KEYS, SCAN and CONFIG GET: * ? [a-z] [^x] and \ before a character to be taken as is.
//
// Threads:   any.
// Cost:      a pattern of many stars is judged without backtracking over more than one of them.
#pragma once

#include <string>
#include <string_view>

namespace kvhost::resp {

bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case = false);
// The bytes that every text that matches begins with.
std::string glob_prefix(std::string_view pattern);

}  // namespace kvhost::resp
