// What the commands on bits share. Bit 0 is the highest of the first byte.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/reply_writer.hpp"

namespace kvhost::resp {

// A place among the bits of a value of at most `max_bytes`. "#3" counts in fields of `multiplier`
// bits where that is not 0. Nothing after a complaint.
std::optional<uint64_t> read_bit_offset(std::string_view text, int multiplier, uint64_t max_bytes,
                                        ReplyWriter& reply);

inline bool bit_at(std::string_view value, uint64_t bit) {
  return (static_cast<unsigned char>(value[bit / 8]) & (0x80u >> (bit % 8))) != 0;
}

}  // namespace kvhost::resp
