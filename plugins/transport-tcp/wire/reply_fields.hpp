// Bits inside replies, shared by the encoder and the decoder.
//
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>

namespace kvhost::tcp {

inline constexpr uint8_t kRowFound = 0x01;
inline constexpr uint8_t kRowExpires = 0x02;

inline constexpr uint64_t kMinRowBytes = 1;
inline constexpr uint64_t kItemBytes = 17;
inline constexpr uint64_t kFailedBytes = 12;

}  // namespace kvhost::tcp
