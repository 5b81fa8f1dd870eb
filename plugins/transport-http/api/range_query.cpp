#include "api/range_query.hpp"

#include <charconv>
#include <string_view>

#include "text/range_cursor.hpp"

namespace kvhost::http {
namespace {

Status invalid(std::string text) { return {StatusCode::INVALID_ARGUMENT, std::move(text)}; }

std::optional<std::string_view> given(const Target& target, std::string_view name) {
  const auto text = target.parameter(name);
  return text && !text->empty() ? text : std::nullopt;
}

// `?reverse` alone means true.
Result<bool> flag(const Target& target, std::string_view name) {
  const auto text = target.parameter(name);
  if (!text || *text == "false" || *text == "0") return false;
  if (text->empty() || *text == "true" || *text == "1") return true;
  return invalid("the parameter \"" + std::string(name) + "\" must be true or false");
}

// The first key above all that begin with `prefix`; none for one of 0xff bytes alone.
std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

void raise_start(RangeQuery& query, std::string_view start) {
  if (start > query.start) query.start = start;
}
void lower_end(RangeQuery& query, std::string_view end) {
  if (!query.end || end < *query.end) query.end = std::string(end);
}

Result<std::optional<uint64_t>> read_limit(const Target& target) {
  const auto text = given(target, "limit");
  if (!text) return std::optional<uint64_t>();
  uint64_t limit = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || limit < 1 ||
      limit > kMaxRangeLimit) {
    return invalid("the parameter \"limit\" must be an integer from 1 to 10000");
  }
  return std::optional(limit);
}

Status apply_cursor(RangeQuery& query, const Target& target) {
  const auto text = given(target, "cursor");
  if (!text) return {};
  KVHOST_TRY_ASSIGN(const RangeCursor cursor, RangeCursor::decode(*text));
  if (target.parameter("reverse") && query.reverse != cursor.reverse) {
    return invalid("the parameter \"reverse\" differs from that of the page that gave the cursor");
  }
  query.reverse = cursor.reverse;
  if (cursor.reverse) {
    lower_end(query, cursor.last_key);
    if (cursor.bound) raise_start(query, *cursor.bound);
  } else {
    raise_start(query, cursor.last_key + '\0');
    if (cursor.bound) lower_end(query, *cursor.bound);
  }
  return {};
}

}  // namespace

Result<RangeQuery> RangeQuery::parse(const Target& target) {
  RangeQuery query;
  KVHOST_TRY_ASSIGN(query.limit, read_limit(target));
  KVHOST_TRY_ASSIGN(query.reverse, flag(target, "reverse"));
  KVHOST_TRY_ASSIGN(query.keys_only, flag(target, "keys_only"));
  if (const auto prefix = given(target, "prefix")) {
    raise_start(query, *prefix);
    if (const auto end = end_of_prefix(*prefix)) lower_end(query, *end);
  }
  if (const auto start = given(target, "start")) raise_start(query, *start);
  if (const auto end = given(target, "end")) lower_end(query, *end);
  KVHOST_TRY(apply_cursor(query, target));
  return query;
}

}  // namespace kvhost::http
