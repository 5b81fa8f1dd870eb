// What a point lookup in one source found: the newest version that the snapshot sees.
//
// Lifetime:  `value` is borrowed; whoever hands out a FoundRecord says for how long.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/record.hpp"

namespace kvhost::engine {

struct FoundRecord {
  std::string_view value;
  SequenceNumber sequence = 0;
  // Absolute, Unix milliseconds; 0 = never.
  uint64_t expires_at_ms = 0;
  RecordType type = RecordType::kPut;
};

}  // namespace kvhost::engine
