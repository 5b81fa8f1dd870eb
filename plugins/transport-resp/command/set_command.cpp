// SET and GETEX with their options, SETEX and PSETEX.
#include <string>

#include "command/expire_time.hpp"
#include "command/handlers.hpp"
#include "command/reading.hpp"
#include "kvhost/detail/boundary.hpp"
#include "wire/wall_clock.hpp"

namespace kvhost::resp {

using detail::to_bytes;

namespace {

struct SetOptions {
  bool if_absent = false;
  bool if_present = false;
  bool wants_old = false;
  bool keeps_ttl = false;
  bool persists = false;
  std::optional<TimeWord> time;
};

enum class Asked : uint8_t { kSet, kGetex };

bool same_word(const TimeWord& a, const TimeWord& b) {
  return a.unit == b.unit && a.is_absolute == b.is_absolute;
}

// False where the options do not go together.
bool read_options(Arguments words, std::size_t first, Asked asked, SetOptions& options) {
  const bool is_set = asked == Asked::kSet;
  for (std::size_t i = first; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (is_set && is_word(word, "nx") && !options.if_present) {
      options.if_absent = true;
    } else if (is_set && is_word(word, "xx") && !options.if_absent) {
      options.if_present = true;
    } else if (is_set && is_word(word, "get")) {
      options.wants_old = true;
    } else if (is_set && is_word(word, "keepttl") && !options.time) {
      options.keeps_ttl = true;
    } else if (!is_set && is_word(word, "persist") && !options.time) {
      options.persists = true;
    } else if (auto time = time_word(word); time && !options.keeps_ttl && !options.persists &&
                                            i + 1 < words.size() &&
                                            (!options.time || same_word(*options.time, *time))) {
      time->text = words[++i];
      options.time = time;
    } else {
      return false;
    }
  }
  return true;
}

bool direct_put(std::string_view key, std::string_view value, const std::optional<TimeWord>& time,
                bool keeps_ttl, std::vector<kvh_op>& ops) {
  kvh_op op{};
  op.type = KVH_OP_PUT;
  op.key = to_bytes(key);
  op.value = to_bytes(value);
  if (keeps_ttl) op.flags = KVH_OP_KEEP_TTL;
  if (time) {
    const uint64_t now_ms = unix_ms();
    const auto at = positive_time_ms(*time, now_ms, {}, nullptr);
    if (!at) return false;
    const Expiry expiry = to_expiry(*time, *at, now_ms);
    (expiry.kind == Expiry::Kind::kAfter ? op.ttl_ms : op.expires_at_ms) = expiry.ms;
  }
  ops.push_back(op);
  return true;
}

}  // namespace

void run_set(Arguments words, KeyView& view, ReplyWriter& reply) {
  SetOptions options;
  if (!read_options(words, 3, Asked::kSet, options)) return reply.error(kSyntaxError);
  Expiry expiry = Expiry::never();
  if (options.time) {
    const auto at = positive_time_ms(*options.time, view.now_ms(), "set", &reply);
    if (!at) return;
    expiry = to_expiry(*options.time, *at, view.now_ms());
  }
  const Record* const old = view.find(words[1]);
  if (options.wants_old) {
    if (old == nullptr) {
      reply.null();
    } else {
      reply.bulk(old->value);
    }
  }
  if ((options.if_absent && old != nullptr) || (options.if_present && old == nullptr)) {
    if (!options.wants_old) reply.null();
    return;
  }
  if (options.keeps_ttl && old != nullptr) expiry = old->expiry();
  view.put(words[1], std::string(words[2]), expiry);
  if (!options.wants_old) reply.ok();
}

bool direct_set(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  reply = DirectReply::kOk;
  SetOptions options;
  if (words.size() > 3 && !read_options(words, 3, Asked::kSet, options)) return false;
  if (options.if_absent || options.if_present || options.wants_old) return false;
  return direct_put(words[1], words[2], options.time, options.keeps_ttl, ops);
}

namespace {
TimeWord setex_time(Arguments words) {
  const bool is_ms = is_word(words[0], "psetex");
  return {is_ms ? TimeUnit::kMilliseconds : TimeUnit::kSeconds, false, words[2]};
}
}  // namespace

void run_setex(Arguments words, KeyView& view, ReplyWriter& reply) {
  const TimeWord time = setex_time(words);
  const auto at = positive_time_ms(time, view.now_ms(), lower(words[0]), &reply);
  if (!at) return;
  view.put(words[1], std::string(words[3]), to_expiry(time, *at, view.now_ms()));
  reply.ok();
}

bool direct_setex(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  reply = DirectReply::kOk;
  return direct_put(words[1], words[3], setex_time(words), false, ops);
}

void run_getex(Arguments words, KeyView& view, ReplyWriter& reply) {
  SetOptions options;
  if (!read_options(words, 2, Asked::kGetex, options)) return reply.error(kSyntaxError);
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.null();
  std::optional<int64_t> at;
  if (options.time) {
    at = positive_time_ms(*options.time, view.now_ms(), "getex", &reply);
    if (!at) return;
  }
  reply.bulk(record->value);
  if (at) {
    view.put(words[1], std::string(record->value), to_expiry(*options.time, *at, view.now_ms()));
  } else if (options.persists && record->expires_at_ms != 0) {
    view.put(words[1], std::string(record->value), Expiry::never());
  }
}

}  // namespace kvhost::resp
