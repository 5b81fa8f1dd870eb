// Reads the log back after a restart and finds where it ends.
//
// Threads:   one; nobody writes to the directory meanwhile.
// Lifetime:  a payload handed to the callback lives until the callback returns.
// Errors:    CORRUPTION (a segment is missing, or a record is bad although something proves that it
//            was once durable; names file, offset, expected and found), FORMAT_UNSUPPORTED,
//            IO_ERROR, and whatever the callback returns. Nothing on disk is changed, ever.
// Format:    docs/formats/wal.md
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "log/log_position.hpp"

namespace kvhost::engine {

// What the caller knows about the log from elsewhere (the MANIFEST).
struct LogStart {
  // Records before it are not read: their effects are stored in tables. {0, 0}: the whole log, from
  // its first segment.
  LogPosition from;
  // The log was durable up to here; an earlier end is damage. {0, 0}: nothing is known.
  LogPosition durable_hint;
};

// Where the log ended: what LogWriter::open() needs to go on.
struct LogEnd {
  // After the last good record (at least `from`); {0, 0} when the directory holds no segment.
  LogPosition position;
  // Of the segment at `position`.
  uint64_t incarnation = 0;
  // One more than any segment in the directory.
  uint64_t next_segment = 1;
  // Handed to the callback.
  uint64_t records = 0;
  // Bytes of torn or unproven records behind the end; they are gone for good.
  uint64_t discarded_bytes = 0;
  // The segments that were read, oldest first; LogWriter::open() syncs them.
  std::vector<uint64_t> replayed;
};

// Gets each record in log order with the position of its first byte. An error stops the recovery.
using LogRecordCallback = std::function<Status(std::string_view payload, LogPosition position)>;

// Reads every record from `start.from` on. A bad record ends the log, as a crash leaves it, unless
// a later record, a later segment or the hint proves that the log was durable beyond it.
Result<LogEnd> recover_log(FileSystem& files, const std::string& directory, const LogStart& start,
                           const LogRecordCallback& callback);

}  // namespace kvhost::engine
