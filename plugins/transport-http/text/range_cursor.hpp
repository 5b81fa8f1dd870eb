// The opaque `cursor` of GET /v1/kv: where the next page begins, with nothing kept at the node. It
// carries the rest of the range, so that it is enough by itself.
//
//   byte 0      format, 1
//   byte 1      bit 0: reverse; bit 1: the far bound is there
//   bytes 2–9   length of the last key, little endian
//   …           the last key of the page before, then the far bound (the end, or the start if
//   reverse)
//
// Threads:   a value.
// Errors:    INVALID_ARGUMENT: not made by encode().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::http {

struct RangeCursor {
  bool reverse = false;
  std::string last_key;
  std::optional<std::string> bound;

  std::string encode() const;  // base64url
  static Result<RangeCursor> decode(std::string_view text);
};

}  // namespace kvhost::http
