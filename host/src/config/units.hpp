// Sizes and durations as people write them: "64MiB", "10ms".
//
// Threads:   any; pure functions.
// Errors:    INVALID_ARGUMENT, with what is wrong about the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::host {

// Bytes of "64MiB", "1.5GB", "512B". Units: B, KiB MiB GiB TiB (1024), KB MB GB TB (1000).
Result<int64_t> parse_size(std::string_view text);
// Nanoseconds of "10ms", "1.5s". Units: ns us ms s m h d.
Result<int64_t> parse_duration(std::string_view text);
// The shortest exact form: 67108864 → "64MiB".
std::string format_size(int64_t bytes);
// The shortest exact form: 5000000000 → "5s".
std::string format_duration(int64_t nanoseconds);

}  // namespace kvhost::host
