// Reads every whole record of a damaged log, past the damage, and says what is missing.
//
// Threads:   one.
// Errors:    IO_ERROR, and whatever the callback returns. Damage is listed, not returned.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "format/record.hpp"
#include "log/log_recovery.hpp"

namespace kvhost::engine {

struct SalvagedLog {
  uint64_t batches = 0;
  SequenceNumber last_sequence = 0;
  uint64_t last_now_ms = 0;
  // True when recovery would have refused the log.
  bool was_damaged = false;
  // One line for each stretch of bytes or numbers that is gone.
  std::vector<std::string> lost;
};

// Gets each batch's payload, well formed, in ascending order of sequence numbers.
using SalvageCallback = std::function<Status(std::string_view payload)>;

struct SalvageStart {
  // Where recovery would begin; {0, 0} when nobody knows, and every segment that is there counts.
  LogStart log;
  // Batches up to here are passed by: the tables have them.
  SequenceNumber in_tables = 0;
  // Numbers up to here are not missed when no record has them.
  SequenceNumber seen = 0;
};

// A sound log is read as recovery reads it, torn end and all; a damaged one in whatever pieces
// there are.
Result<SalvagedLog> salvage_log(FileSystem& files, const std::string& directory,
                                const SalvageStart& start, const SalvageCallback& callback);

}  // namespace kvhost::engine
