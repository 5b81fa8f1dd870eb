// The limits of the store, in one place. Every refusal names the limit that it is for.
//
// Threads:   a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kvhost::host {

struct StoreSettings {
  uint64_t max_key_bytes = uint64_t{64} << 10;
  uint64_t max_value_bytes = uint64_t{64} << 20;
  uint64_t max_batch_bytes = uint64_t{256} << 20;
  uint64_t max_batch_ops = 100'000;  // conditions counted apart, by the same limit
  uint64_t max_read_keys = 10'000;
  // Of one page; its bytes are bounded, too.
  uint64_t max_rows = 131'072;
  uint64_t max_page_bytes = uint64_t{64} << 20;
  uint64_t default_page_bytes = uint64_t{1} << 20;

  uint32_t max_sessions = 65'536;
  uint32_t max_session_resources = 128;  // snapshots and cursors of one session
  uint32_t max_resources = 8'192;        // of all sessions
  // Bytes of writes that are under way; one batch is taken whatever its size when there are none.
  uint64_t max_in_flight_write_bytes = uint64_t{256} << 20;
  // Calls that are pending at once, reads and writes.
  uint32_t max_pending_calls = 65'536;

  // For calls that name no deadline.
  std::chrono::nanoseconds request_timeout = std::chrono::seconds(5);
  // Answers to requests with an id are kept so long, and so many of them.
  std::chrono::milliseconds request_id_ttl = std::chrono::hours(1);
  uint64_t max_request_ids = 100'000;

  std::string backup_dir;  // absolute; where checkpoints go
};

}  // namespace kvhost::host
