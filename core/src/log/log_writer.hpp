// Appends records to the write-ahead log and makes them durable.
//
// A record is one atomic batch; its bytes mean nothing here. The log is a chain of pre-written
// segment files. A writer never appends to a segment of an earlier life: open() starts a new one,
// whose header says where the log before it ended.
//
// Threads:   append(), append_group(), rotate() and close() by one thread at a time. sync() by one
//            thread at a time, which may be another one: group N may be synced while group N + 1 is
//            appended. Everything else by any thread at any time.
// Lifetime:  borrows the file system. The directory belongs to this writer (the engine's lock).
// Errors:    a failed write or sync is remembered: every later append() (and, unless the disk was
//            only full, every later sync()) returns the same cause until rotate() has succeeded.
//            NO_SPACE: no room for a segment; nothing that was appended is harmed.
//            IO_ERROR: what lies after durable_position() is lost for the log.
//            TOO_LARGE: a record above kMaxLogRecord; remembers nothing.
// Format:    docs/formats/wal.md
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "log/log_position.hpp"
#include "log/log_recovery.hpp"

namespace kvhost::engine {

// The longest record; a group of records has the same limit.
inline constexpr uint64_t kMaxLogRecord = uint64_t{1} << 30;

struct LogOptions {
  // Bytes per segment file, a multiple of 4096, at least 8192. A record (or group) that does not
  // fit gets a segment of its own size.
  uint64_t segment_size = uint64_t{64} << 20;
  // Records are stored into a mapping of the segment instead of written: two orders of magnitude
  // cheaper, but a sync takes three times as long. For logs that are seldom synced.
  bool is_mapped = false;
  // Released segments kept for reuse; more are removed.
  std::size_t max_spares = 2;
  // Where incarnations come from; 0 draws a seed from the operating system.
  uint64_t incarnation_seed = 0;
};

// What the log takes up on disk.
struct LogUsage {
  uint64_t segments = 0;  // not yet released, the current one included
  uint64_t bytes = 0;     // of these
  uint64_t spares = 0;
};

class LogWriter {
 public:
  // Goes on after `end`, as recover_log() found it (on an empty directory, too). Makes what
  // recovery read durable, then starts segment `end.next_segment`.
  static Result<std::unique_ptr<LogWriter>> open(FileSystem& files, std::string directory,
                                                 const LogOptions& options, const LogEnd& end);
  virtual ~LogWriter() = default;

  // Hands a record to the kernel. Returns the position after it: the record is durable once
  // durable_position() has reached that. Survives the end of the process, not that of the machine.
  virtual Result<LogPosition> append(std::string_view payload) = 0;
  // The same for several records in one write: all of them, or an error and none of them counts.
  // They always share a segment.
  virtual Result<LogPosition> append_group(std::span<const std::string_view> payloads) = 0;
  // Makes everything durable whose append had returned when sync() was called.
  virtual Status sync() = 0;

  // Starts a new segment. Also the way on after an error: the new header says where the valid log
  // ended, so that failed bytes never count. After IO_ERROR that is durable_position(): the caller
  // has stored what it still needs from beyond it elsewhere (in tables). After NO_SPACE nothing
  // that was appended is given up. When rotate() fails, the writer stays as it was.
  virtual Status rotate() = 0;
  // Syncs, and marks the end so that later damage to any record is told from a crash. No call may
  // follow. A writer destroyed without close() is like a killed process.
  virtual Status close() = 0;

  // Gives up every segment whose records all lie before `position`: it becomes a spare or is
  // removed. The caller has durably recorded that recovery starts at `position` or later.
  virtual Status release_before(const LogPosition& position) = 0;
  // True when no spare segment is at hand; then prepare_spare(), from a background thread, makes
  // one, so that the next switch of segments neither waits nor needs disk space.
  virtual bool needs_spare() const = 0;
  virtual Status prepare_spare() = 0;

  // True when the current segment is half full and none is begun yet to follow it; then
  // prepare_next(), from a background thread, begins one, so that the switch itself touches no
  // file. Nothing is prepared twice for one segment.
  virtual bool needs_next() const = 0;
  virtual Status prepare_next() = 0;

  // After the last record that was appended.
  virtual LogPosition end_position() const = 0;
  // Everything before it is durable.
  virtual LogPosition durable_position() const = 0;
  virtual LogUsage usage() const = 0;
};

}  // namespace kvhost::engine
