// Looks into one segment of the write-ahead log without the engine: for `kvctl inspect wal FILE`.
//
// Threads:   any; the file may be in use by a running node.
// Lifetime:  a payload lives until the callback returns.
// Errors:    FORMAT_UNSUPPORTED, CORRUPTION (the header), IO_ERROR. Bad records are no error here:
//            they are shown.
// Format:    docs/formats/wal.md
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// A segment's header and the sums of a walk through it.
struct LogSegmentInfo {
  uint64_t number = 0;
  uint32_t format_version = 0;
  uint64_t incarnation = 0;
  uint64_t file_bytes = 0;
  // The segment before it in the chain (0: none) and where that one ended.
  uint64_t previous_segment = 0;
  uint64_t previous_end = 0;
  // How far the log was durable when this segment was begun.
  uint64_t durable_segment = 0;
  uint64_t durable_offset = 0;

  uint64_t records = 0;
  uint64_t payload_bytes = 0;
  uint64_t damaged_bytes = 0;
};

enum class LogEntryState : uint8_t {
  kRecord,   // a good record
  kMark,     // a good record of the log's own: an orderly close
  kDamaged,  // bytes that are no good record, with a good one after them
  kTorn,     // a record that was begun and is not whole, with nothing good after it
  kEnd,      // no record: zeros, or what the file held in a former life
};
std::string_view to_string(LogEntryState state);

struct LogEntryInfo {
  LogEntryState state = LogEntryState::kEnd;
  uint64_t offset = 0;
  uint64_t bytes = 0;  // on disk, header and padding included
  // Of a good record only.
  std::string_view payload;
  uint64_t durable_segment = 0;
  uint64_t durable_offset = 0;
  // What is wrong: expected and found. Empty for a good record.
  std::string problem;
};

// Calls `each` for every entry of the segment in file order, the last one being kTorn or kEnd
// unless the file is full. `each` returns false to stop early.
Result<LogSegmentInfo> inspect_log_segment(FileSystem& files, const std::string& path,
                                           const std::function<bool(const LogEntryInfo&)>& each);

}  // namespace kvhost::engine
