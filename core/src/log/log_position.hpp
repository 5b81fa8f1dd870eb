// A place in the log: a segment's number and a byte offset in its file. Positions are ordered as
// the log is; {0, 0} is before everything.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace kvhost::engine {

struct LogPosition {
  uint64_t segment = 0;
  uint64_t offset = 0;

  auto operator<=>(const LogPosition&) const = default;
};

// `000007.log+4096`, for messages.
std::string to_string(const LogPosition& position);

}  // namespace kvhost::engine
