// Values as a whole, and parts of them.
#include <algorithm>
#include <string>
#include <utility>

#include "command/expire_time.hpp"
#include "command/handlers.hpp"
#include "command/reading.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::resp {

using detail::to_bytes;

namespace {

void reply_value(const Record* record, ReplyWriter& reply) {
  if (record == nullptr) return reply.null();
  reply.bulk(record->value);
}

bool has_pairs(Arguments words, ReplyWriter& reply) {
  if (words.size() % 2 == 1) return true;
  reply.error("ERR wrong number of arguments for '" + lower(words[0]) + "' command");
  return false;
}

// False, with a complaint, when a value would be longer than the node takes.
bool check_length(uint64_t offset, uint64_t size, const KeyView& view, ReplyWriter& reply) {
  if (offset <= view.max_value_bytes() && size <= view.max_value_bytes() - offset) return true;
  reply.error(kTooLong);
  return false;
}

}  // namespace

void run_get(Arguments words, KeyView& view, ReplyWriter& reply) {
  reply_value(view.find(words[1]), reply);
}

void run_mget(Arguments words, KeyView& view, ReplyWriter& reply) {
  reply.array(words.size() - 1);
  for (const auto key : words.subspan(1)) reply_value(view.find(key), reply);
}

void run_setnx(Arguments words, KeyView& view, ReplyWriter& reply) {
  if (view.find(words[1]) != nullptr) return reply.integer(0);
  view.put(words[1], std::string(words[2]), Expiry::never());
  reply.integer(1);
}

bool direct_setnx(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  kvh_op& op = ops.emplace_back(kvh_op{});
  op.type = KVH_OP_PUT;
  op.key = to_bytes(words[1]);
  op.value = to_bytes(words[2]);
  reply = DirectReply::kInserted;
  return true;
}

void run_getset(Arguments words, KeyView& view, ReplyWriter& reply) {
  reply_value(view.find(words[1]), reply);
  view.put(words[1], std::string(words[2]), Expiry::never());
}

void run_getdel(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[1]);
  reply_value(record, reply);
  if (record != nullptr) view.erase(words[1]);
}

void run_mset(Arguments words, KeyView& view, ReplyWriter& reply) {
  if (!has_pairs(words, reply)) return;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    view.put(words[i], std::string(words[i + 1]), Expiry::never());
  }
  reply.ok();
}

bool direct_mset(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  if (words.size() % 2 == 0) return false;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    kvh_op& op = ops.emplace_back(kvh_op{});
    op.type = KVH_OP_PUT;
    op.key = to_bytes(words[i]);
    op.value = to_bytes(words[i + 1]);
  }
  reply = DirectReply::kOk;
  return true;
}

void run_msetnx(Arguments words, KeyView& view, ReplyWriter& reply) {
  if (!has_pairs(words, reply)) return;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    if (view.find(words[i]) != nullptr) return reply.integer(0);
  }
  for (std::size_t i = 1; i < words.size(); i += 2) {
    view.put(words[i], std::string(words[i + 1]), Expiry::never());
  }
  reply.integer(1);
}

void run_append(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[1]);
  std::string value = record == nullptr ? std::string() : record->value;
  if (record != nullptr && !check_length(value.size(), words[2].size(), view, reply)) return;
  value.append(words[2]);
  reply.integer(static_cast<int64_t>(value.size()));
  view.change(words[1], std::move(value));
}

void run_strlen(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[1]);
  reply.integer(record == nullptr ? 0 : static_cast<int64_t>(record->value.size()));
}

void run_getrange(Arguments words, KeyView& view, ReplyWriter& reply) {
  Reading reading(reply);
  const auto first = reading.integer(words[2]);
  if (!first) return;
  const auto last = reading.integer(words[3]);
  if (!last) return;
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.bulk({});
  const auto size = static_cast<int64_t>(record->value.size());
  int64_t start = *first;
  int64_t end = *last;
  if (start < 0 && end < 0 && start > end) return reply.bulk({});
  if (start < 0) start = std::max<int64_t>(0, size + std::max(start, -size));
  if (end < 0) end = std::max<int64_t>(0, size + std::max(end, -size - 1));
  end = std::min(end, size - 1);
  if (start > end || size == 0) return reply.bulk({});
  reply.bulk(
      std::string_view(record->value)
          .substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1)));
}

void run_setrange(Arguments words, KeyView& view, ReplyWriter& reply) {
  Reading reading(reply);
  const auto offset = reading.integer(words[2]);
  if (!offset) return;
  if (*offset < 0) return reply.error("ERR offset is out of range");
  const Record* const record = view.find(words[1]);
  const std::string_view patch = words[3];
  if (patch.empty()) {
    return reply.integer(record == nullptr ? 0 : static_cast<int64_t>(record->value.size()));
  }
  const auto at = static_cast<uint64_t>(*offset);
  if (!check_length(at, patch.size(), view, reply)) return;
  std::string value = record == nullptr ? std::string() : record->value;
  if (value.size() < at + patch.size()) value.resize(at + patch.size(), '\0');
  value.replace(at, patch.size(), patch);
  reply.integer(static_cast<int64_t>(value.size()));
  view.change(words[1], std::move(value));
}

}  // namespace kvhost::resp
