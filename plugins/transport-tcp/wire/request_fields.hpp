// Bits inside requests, shared by the encoder and the decoder.
//
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>

#include "kvhost/abi/store.h"

namespace kvhost::tcp {

inline constexpr uint8_t kContextDeadline = 0x01;
inline constexpr uint8_t kContextSpace = 0x02;
inline constexpr uint8_t kContextReadLevel = 0x04;
inline constexpr uint8_t kContextSnapshot = 0x08;
inline constexpr uint8_t kContextIdempotencyId = 0x10;
inline constexpr uint8_t kContextTrace = 0x20;
inline constexpr uint8_t kContextKnown = 0x3f;

// The flags that the store knows keep their numbers; these say which fields follow.
inline constexpr uint32_t kOpStoreFlags = KVH_OP_WANT_EXISTED | KVH_OP_KEEP_TTL | KVH_OP_TO_END;
inline constexpr uint8_t kOpHasTtl = 0x10;
inline constexpr uint8_t kOpHasExpiry = 0x20;

// The least that an element takes, for checks of counts.
inline constexpr uint64_t kMinKeyBytes = 4;
inline constexpr uint64_t kMinOpBytes = 6;
inline constexpr uint64_t kMinConditionBytes = 5;

}  // namespace kvhost::tcp
