#include "text/range_cursor.hpp"

#include <cstdint>

#include "text/base64.hpp"

namespace kvhost::http {
namespace {

constexpr char kFormat = 1;
constexpr char kReverse = 1;
constexpr char kHasBound = 2;
constexpr std::size_t kHeadBytes = 10;

Status malformed() {
  return {StatusCode::INVALID_ARGUMENT,
          "the parameter \"cursor\" is no cursor of this node; pass next_cursor of the page before "
          "as it came, or leave it out to begin anew"};
}

}  // namespace

std::string RangeCursor::encode() const {
  std::string bytes;
  bytes.push_back(kFormat);
  bytes.push_back(static_cast<char>((reverse ? kReverse : 0) | (bound ? kHasBound : 0)));
  const uint64_t length = last_key.size();
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(length >> (8 * i) & 0xff));
  bytes += last_key;
  if (bound) bytes += *bound;
  return encode_base64url(bytes);
}

Result<RangeCursor> RangeCursor::decode(std::string_view text) {
  const auto bytes = decode_base64url(text);
  if (!bytes || bytes->size() < kHeadBytes || (*bytes)[0] != kFormat ||
      ((*bytes)[1] & ~(kReverse | kHasBound)) != 0) {
    return malformed();
  }
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) {
    length = length << 8 | static_cast<unsigned char>((*bytes)[static_cast<std::size_t>(2 + i)]);
  }
  if (length > bytes->size() - kHeadBytes) return malformed();
  const bool has_bound = ((*bytes)[1] & kHasBound) != 0;
  if (!has_bound && length != bytes->size() - kHeadBytes) return malformed();
  RangeCursor cursor;
  cursor.reverse = ((*bytes)[1] & kReverse) != 0;
  cursor.last_key = bytes->substr(kHeadBytes, length);
  if (has_bound) cursor.bound = bytes->substr(kHeadBytes + length);
  return cursor;
}

}  // namespace kvhost::http
