// EXPIRE and its relatives, TTL and its relatives, PERSIST.
#include <limits>
#include <string>

#include "command/expire_time.hpp"
#include "command/handlers.hpp"
#include "command/reading.hpp"

namespace kvhost::resp {

namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

struct ExpireOptions {
  bool if_none = false;
  bool if_some = false;
  bool if_later = false;
  bool if_sooner = false;
};

bool read_options(Arguments words, ExpireOptions& options, ReplyWriter& reply) {
  for (const std::string_view word : words.subspan(3)) {
    if (is_word(word, "nx")) {
      options.if_none = true;
    } else if (is_word(word, "xx")) {
      options.if_some = true;
    } else if (is_word(word, "gt")) {
      options.if_later = true;
    } else if (is_word(word, "lt")) {
      options.if_sooner = true;
    } else {
      reply.error("ERR Unsupported option " + std::string(until_nul(word)));
      return false;
    }
  }
  if (options.if_none && (options.if_some || options.if_later || options.if_sooner)) {
    reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (options.if_later && options.if_sooner) {
    reply.error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

bool allows(const ExpireOptions& options, const Record& record, int64_t when) {
  const bool has_end = record.expires_at_ms != 0;
  const auto end = static_cast<int64_t>(record.expires_at_ms);
  if (options.if_none && has_end) return false;
  if (options.if_some && !has_end) return false;
  if (options.if_later && (!has_end || when <= end)) return false;
  return !(options.if_sooner && has_end && when >= end);
}

// The words EXPIRE, PEXPIREAT, …: P for milliseconds, AT for a time of day.
TimeWord time_of(Arguments words) {
  const std::string name = lower(words[0]);
  const bool is_ms = name.front() == 'p';
  const bool is_absolute = name.size() >= 2 && name.compare(name.size() - 2, 2, "at") == 0;
  return {is_ms ? TimeUnit::kMilliseconds : TimeUnit::kSeconds, is_absolute, words[2]};
}

// Any time, also before now; nothing where it leaves the numbers.
std::optional<int64_t> unix_time_of(const TimeWord& time, int64_t number, uint64_t now_ms) {
  if (time.unit == TimeUnit::kSeconds) {
    if (number > kMax / 1000 || number < kMin / 1000) return std::nullopt;
    number *= 1000;
  }
  if (time.is_absolute) return number;
  const auto now = static_cast<int64_t>(now_ms);
  if (number > kMax - now) return std::nullopt;
  return number + now;
}

}  // namespace

void run_expire(Arguments words, KeyView& view, ReplyWriter& reply) {
  ExpireOptions options;
  if (!read_options(words, options, reply)) return;
  Reading reading(reply);
  const auto number = reading.integer(words[2]);
  if (!number) return;
  const TimeWord time = time_of(words);
  const auto when = unix_time_of(time, *number, view.now_ms());
  if (!when) {
    return reply.error("ERR invalid expire time in '" + lower(words[0]) + "' command");
  }
  const Record* const record = view.find(words[1]);
  if (record == nullptr || !allows(options, *record, *when)) return reply.integer(0);
  if (*when <= static_cast<int64_t>(view.now_ms())) {
    view.erase(words[1]);
  } else {
    view.put(words[1], std::string(record->value), to_expiry(time, *when, view.now_ms()));
  }
  reply.integer(1);
}

void run_ttl(Arguments words, KeyView& view, ReplyWriter& reply) {
  const std::string name = lower(words[0]);
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.integer(-2);
  if (record->expires_at_ms == 0) return reply.integer(-1);
  const bool is_ms = name.front() == 'p';
  const bool is_absolute = name.size() > 4;
  const uint64_t ms = is_absolute ? record->expires_at_ms : record->ttl_ms;
  reply.integer(static_cast<int64_t>(is_ms ? ms : (ms + 500) / 1000));
}

void run_persist(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[1]);
  if (record == nullptr || record->expires_at_ms == 0) return reply.integer(0);
  view.put(words[1], std::string(record->value), Expiry::never());
  reply.integer(1);
}

}  // namespace kvhost::resp
