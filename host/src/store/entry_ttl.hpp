// What is left of a ttl, as clients see it.
#pragma once

#include <cstdint>

namespace kvhost::host {

// 0 = no ttl. A record that was found has at least a millisecond left.
inline uint64_t ttl_left_ms(uint64_t expires_at_ms, uint64_t now_ms) {
  if (expires_at_ms == 0) return 0;
  return expires_at_ms > now_ms ? expires_at_ms - now_ms : 1;
}

}  // namespace kvhost::host
