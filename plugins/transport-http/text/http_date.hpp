// The time as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT".
//
// Threads:   one.
// Source:    RFC 9110, 5.6.7 (IMF-fixdate).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvhost::http {

// Keeps the text of the second that was last asked for: most answers share it with others.
class HttpDate {
 public:
  // `seconds` since 1970; the text lives until the next call.
  std::string_view at(int64_t seconds);

 private:
  int64_t seconds_ = -1;
  std::string text_;
};

}  // namespace kvhost::http
