// The layout of an encoded WriteBatch, shared by its writer and its reader.
//
// Format:    docs/formats/batch.md
#pragma once

#include <cstdint>
#include <string_view>

#include "base/coding.hpp"
#include "kvhost/engine/write_batch.hpp"

namespace kvhost::engine::write_batch_format {

inline constexpr uint8_t kVersion = 1;
// Of a batch with a put that takes answers; readers of version 1 would store it without them.
inline constexpr uint8_t kVersionWithAnswers = 2;
// Version byte, count of operations, count of conditions.
inline constexpr std::size_t kOpCountAt = 1;
inline constexpr std::size_t kConditionCountAt = 5;
inline constexpr std::size_t kHeaderSize = 9;
// Set in the tag of a condition; the rest is its ConditionType.
inline constexpr uint8_t kConditionTag = 0x40;

constexpr bool expiry_has_value(Expiry::Kind kind) {
  return kind == Expiry::Kind::kAfter || kind == Expiry::Kind::kAt;
}

struct Header {
  uint32_t ops = 0;
  uint32_t conditions = 0;
};

// Checks the version; CORRUPTION or FORMAT_UNSUPPORTED.
Result<Header> read_header(std::string_view batch_bytes);

}  // namespace kvhost::engine::write_batch_format
