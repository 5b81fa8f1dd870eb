// Keys as a whole: delete, count, rename, copy, move, and the end of databases.
#include <optional>
#include <string>

#include "command/handlers.hpp"
#include "command/reading.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::resp {

namespace {

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

std::optional<uint32_t> read_database(std::string_view text, ReplyWriter& reply) {
  Reading reading(reply);
  const auto number = reading.small_integer(text);
  if (!number) return std::nullopt;
  if (*number >= 0 && *number < kDatabases) return static_cast<uint32_t>(*number);
  reply.error("ERR DB index is out of range");
  return std::nullopt;
}

std::optional<uint32_t> quiet_database(std::string_view text) {
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number >= kDatabases) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

// FLUSHDB [ASYNC|SYNC]
bool read_flush(Arguments words, ReplyWriter* reply) {
  const bool is_good =
      words.size() == 1 ||
      (words.size() == 2 && (is_word(words[1], "async") || is_word(words[1], "sync")));
  if (!is_good && reply != nullptr) reply->error(kSyntaxError);
  return is_good;
}

}  // namespace

void run_del(Arguments words, KeyView& view, ReplyWriter& reply) {
  int64_t count = 0;
  for (const auto key : words.subspan(1)) {
    if (view.find(key) == nullptr) continue;
    view.erase(key);
    ++count;
  }
  reply.integer(count);
}

bool direct_del(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  for (const auto key : words.subspan(1)) {
    kvh_op& op = ops.emplace_back(kvh_op{});
    op.type = KVH_OP_DELETE;
    op.flags = KVH_OP_WANT_EXISTED;
    op.key = detail::to_bytes(key);
  }
  reply = DirectReply::kExisted;
  return true;
}

void run_exists(Arguments words, KeyView& view, ReplyWriter& reply) {
  int64_t count = 0;
  for (const auto key : words.subspan(1)) count += view.find(key) != nullptr ? 1 : 0;
  reply.integer(count);
}

void run_type(Arguments words, KeyView& view, ReplyWriter& reply) {
  reply.simple(view.find(words[1]) != nullptr ? "string" : "none");
}

void run_rename(Arguments words, KeyView& view, ReplyWriter& reply) {
  const bool only_if_absent = words[0].size() == 8;
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.error("ERR no such key");
  const auto told = [&](int64_t number) {
    if (only_if_absent) return reply.integer(number);
    reply.ok();
  };
  if (words[1] == words[2]) return told(0);
  if (only_if_absent && view.find(words[2]) != nullptr) return told(0);
  std::string value = record->value;
  const Expiry expiry = record->expiry();
  view.erase(words[1]);
  view.put(words[2], std::move(value), expiry);
  told(1);
}

void run_copy(Arguments words, KeyView& view, ReplyWriter& reply) {
  uint32_t space = view.space();
  bool replaces = false;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (is_word(words[i], "replace")) {
      replaces = true;
    } else if (is_word(words[i], "db") && i + 1 < words.size()) {
      const auto other = read_database(words[++i], reply);
      if (!other) return;
      space = *other;
    } else {
      return reply.error(kSyntaxError);
    }
  }
  if (space == view.space() && words[1] == words[2]) return reply.error(kSameObject);
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.integer(0);
  if (!replaces && view.find(space, words[2]) != nullptr) return reply.integer(0);
  view.put(space, words[2], std::string(record->value), record->expiry());
  reply.integer(1);
}

void run_move(Arguments words, KeyView& view, ReplyWriter& reply) {
  const auto space = read_database(words[2], reply);
  if (!space) return;
  if (*space == view.space()) return reply.error(kSameObject);
  const Record* const record = view.find(words[1]);
  if (record == nullptr || view.find(*space, words[1]) != nullptr) return reply.integer(0);
  view.put(*space, words[1], std::string(record->value), record->expiry());
  view.erase(words[1]);
  reply.integer(1);
}

std::optional<OtherKey> other_key(const Command& command, Arguments words) {
  if (command.run == &run_move) {
    const auto space = quiet_database(words[2]);
    return space ? std::optional(OtherKey{*space, words[1]}) : std::nullopt;
  }
  if (command.run != &run_copy) return std::nullopt;
  std::optional<OtherKey> other;
  for (std::size_t i = 3; i + 1 < words.size(); ++i) {
    if (!is_word(words[i], "db")) continue;
    const auto space = quiet_database(words[++i]);
    if (space) other = OtherKey{*space, words[2]};
  }
  return other;
}

// ---- whole databases

void run_flushdb(Arguments words, KeyView& view, ReplyWriter& reply) {
  if (!read_flush(words, &reply)) return;
  view.erase_all(view.space());
  reply.ok();
}

void run_flushall(Arguments words, KeyView& view, ReplyWriter& reply) {
  if (!read_flush(words, &reply)) return;
  for (uint32_t space = 0; space < kDatabases; ++space) view.erase_all(space);
  reply.ok();
}

bool direct_flushdb(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  if (!read_flush(words, nullptr)) return false;
  kvh_op& op = ops.emplace_back(kvh_op{});
  op.type = KVH_OP_DELETE_RANGE;
  op.flags = KVH_OP_TO_END;
  reply = DirectReply::kOk;
  return true;
}

bool direct_flushall(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  if (!read_flush(words, nullptr)) return false;
  for (uint32_t space = 0; space < kDatabases; ++space) {
    kvh_op& op = ops.emplace_back(kvh_op{});
    op.type = KVH_OP_DELETE_RANGE;
    op.flags = KVH_OP_TO_END | KVH_IN_SPACE(space);
  }
  reply = DirectReply::kOk;
  return true;
}

}  // namespace kvhost::resp
