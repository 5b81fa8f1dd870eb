// CRC-32C (Castagnoli) of bytes, by the processor's instruction where there is one.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvhost::leader_follower {

// `seed` is the checksum of the bytes before.
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

}  // namespace kvhost::leader_follower
