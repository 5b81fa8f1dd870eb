#include "command/expire_time.hpp"

#include <limits>
#include <string>

#include "command/reading.hpp"

namespace kvhost::resp {

namespace {

constexpr int64_t kMaxMs = std::numeric_limits<int64_t>::max();
// A store takes ttls up to a thousand years; a longer one is given as a time.
constexpr uint64_t kMaxTtlMs = uint64_t{1000} * 365 * 24 * 3600 * 1000;

}  // namespace

std::optional<TimeWord> time_word(std::string_view option) {
  if (is_word(option, "ex")) return TimeWord{TimeUnit::kSeconds, false, {}};
  if (is_word(option, "px")) return TimeWord{TimeUnit::kMilliseconds, false, {}};
  if (is_word(option, "exat")) return TimeWord{TimeUnit::kSeconds, true, {}};
  if (is_word(option, "pxat")) return TimeWord{TimeUnit::kMilliseconds, true, {}};
  return std::nullopt;
}

std::optional<int64_t> positive_time_ms(const TimeWord& word, uint64_t now_ms,
                                        std::string_view command, ReplyWriter* reply) {
  const auto number = parse_integer(word.text);
  if (!number) {
    if (reply != nullptr) reply->error(kNotAnInteger);
    return std::nullopt;
  }
  const auto now = static_cast<int64_t>(now_ms);
  const bool is_seconds = word.unit == TimeUnit::kSeconds;
  int64_t ms = *number;
  bool is_good = ms > 0 && !(is_seconds && ms > kMaxMs / 1000);
  if (is_good && is_seconds) ms *= 1000;
  if (is_good && !word.is_absolute) {
    is_good = ms <= kMaxMs - now;
    if (is_good) ms += now;
  }
  if (is_good) return ms;
  if (reply != nullptr) {
    reply->error("ERR invalid expire time in '" + std::string(command) + "' command");
  }
  return std::nullopt;
}

Expiry to_expiry(const TimeWord& word, int64_t unix_ms, uint64_t now_ms) {
  const auto at = static_cast<uint64_t>(unix_ms);
  if (word.is_absolute || at - now_ms > kMaxTtlMs) return Expiry::at(at);
  return Expiry::after(at - now_ms);
}

}  // namespace kvhost::resp
