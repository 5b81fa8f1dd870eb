// Reads arguments as numbers, with Redis's words for what is none.
//
// Threads:   any.
// Errors:    false: the reply says what is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/numbers.hpp"
#include "wire/quoting.hpp"
#include "wire/reply_writer.hpp"

namespace kvhost::resp {

inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotAFloat = "ERR value is not a valid float";
inline constexpr std::string_view kTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

class Reading {
 public:
  explicit Reading(ReplyWriter& reply) : reply_(reply) {}

  // Nothing after a complaint; the first complaint is the reply.
  std::optional<int64_t> integer(std::string_view text,
                                 std::string_view complaint = kNotAnInteger) {
    const auto number = parse_integer(text);
    if (!number) reply_.error(complaint);
    return number;
  }
  // A database's number, or another one that fits an int.
  std::optional<int64_t> small_integer(std::string_view text) {
    const auto number = integer(text);
    if (!number) return std::nullopt;
    if (*number >= INT32_MIN && *number <= INT32_MAX) return number;
    reply_.error("ERR value is out of range, value must between -2147483648 and 2147483647");
    return std::nullopt;
  }

 private:
  ReplyWriter& reply_;
};

inline bool is_word(std::string_view text, std::string_view word) {
  return equal_ignoring_case(text, word);
}

}  // namespace kvhost::resp
