// The times that EX, PX, EXAT, PXAT and the EXPIRE family name.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "command/key_view.hpp"
#include "wire/reply_writer.hpp"

namespace kvhost::resp {

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds };

// How a time was said.
struct TimeWord {
  TimeUnit unit = TimeUnit::kSeconds;
  bool is_absolute = false;
  std::string_view text;
};

// The option word EX, PX, EXAT or PXAT; nothing for another word.
std::optional<TimeWord> time_word(std::string_view option);

// A positive time as the unix time it stands for. Nothing after "invalid expire time in 'command'"
// or where it is no number; without a reply (null) nothing is said.
std::optional<int64_t> positive_time_ms(const TimeWord& word, uint64_t now_ms,
                                        std::string_view command, ReplyWriter* reply);

// An expiry for that time: relative ones are left to the node that orders the write.
Expiry to_expiry(const TimeWord& word, int64_t unix_ms, uint64_t now_ms);

}  // namespace kvhost::resp
