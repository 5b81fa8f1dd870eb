// Numbers as Redis reads and writes them.
//
// Threads:   any; functions without state.
// Errors:    nothing where the text is no such number: the caller has the words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvhost::resp {

// A 64-bit integer in the one form that it is written in: no plus sign, no leading zeros, no "-0".
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<uint64_t> parse_unsigned(std::string_view text);
// Any finite or infinite floating-point number of C, without spaces around it.
std::optional<long double> parse_long_double(std::string_view text);
// 17 digits after the point, without zeros at the end; never "-0".
std::string format_long_double(long double value);

void append_number(std::string& out, int64_t value);

}  // namespace kvhost::resp
