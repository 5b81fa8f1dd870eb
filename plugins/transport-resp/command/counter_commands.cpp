// INCR and its relatives.
#include <cmath>
#include <limits>
#include <string>

#include "command/handlers.hpp"
#include "command/reading.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::resp {

namespace {

// What the command adds; nothing where its number is none, or cannot be negated.
std::optional<int64_t> step_of(Arguments words, ReplyWriter* reply) {
  const bool is_down = words[0].size() >= 4 && is_word(words[0].substr(0, 4), "decr");
  if (words.size() == 2) return is_down ? -1 : 1;
  const auto number = parse_integer(words[2]);
  if (!number) {
    if (reply != nullptr) reply->error(kNotAnInteger);
    return std::nullopt;
  }
  if (!is_down) return number;
  if (*number == std::numeric_limits<int64_t>::min()) {
    if (reply != nullptr) reply->error("ERR decrement would overflow");
    return std::nullopt;
  }
  return -*number;
}

}  // namespace

void run_incr(Arguments words, KeyView& view, ReplyWriter& reply) {
  const auto step = step_of(words, &reply);
  if (!step) return;
  const Record* const record = view.find(words[1]);
  const auto before = record == nullptr ? std::optional<int64_t>(0) : parse_integer(record->value);
  if (!before) return reply.error(kNotAnInteger);
  int64_t sum = 0;
  if (__builtin_add_overflow(*before, *step, &sum)) {
    return reply.error("ERR increment or decrement would overflow");
  }
  view.change(words[1], std::to_string(sum));
  reply.integer(sum);
}

bool direct_incr(Arguments words, std::vector<kvh_op>& ops, DirectReply& reply) {
  const auto step = step_of(words, nullptr);
  if (!step) return false;
  kvh_op& op = ops.emplace_back(kvh_op{});
  op.type = KVH_OP_INCREMENT;
  op.key = detail::to_bytes(words[1]);
  op.by = *step;
  reply = DirectReply::kNumber;
  return true;
}

void run_incrbyfloat(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[1]);
  const auto before =
      record == nullptr ? std::optional<long double>(0) : parse_long_double(record->value);
  const auto step = parse_long_double(words[2]);
  if (!before || !step) return reply.error(kNotAFloat);
  const long double sum = *before + *step;
  if (std::isnan(sum) || std::isinf(sum)) {
    return reply.error("ERR increment would produce NaN or Infinity");
  }
  std::string text = format_long_double(sum);
  reply.bulk(text);
  view.change(words[1], std::move(text));
}

}  // namespace kvhost::resp
