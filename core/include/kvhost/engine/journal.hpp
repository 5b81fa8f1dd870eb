// A durable log of indexed entries in one directory, for replication strategies: appended in order,
// read by index, cut at either end; beside it small values that are replaced atomically.
//
// Threads:   any. append() never waits for the disk; read() and what says so may.
// Order:     callbacks come in the order of the appends, on a thread of the journal's, under no
// lock;
//            they must not block, and must not call what waits for the disk.
// Errors:    IO_ERROR (and CORRUPTION of what is read). A failed write or sync stays: every later
//            append and cut is refused with its cause until the journal is opened anew.
//            NO_SPACE passes: what was refused is not in the journal, last() tells where it ends,
//            and the next append tries again. INVALID_ARGUMENT names the index that was expected.
//            COMPACTED: read() below first().
// Format:    docs/formats/journal.md
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/logger.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// What one entry's payload, and one value beside the log, may take at most.
inline constexpr uint64_t kMaxJournalPayload = (uint64_t{1} << 30) - 64;
inline constexpr uint64_t kMaxJournalMetaValue = uint64_t{64} << 10;
inline constexpr std::size_t kMaxJournalMetaNames = 64;

struct JournalEntry {
  uint64_t index = 0;
  uint64_t term = 0;
  std::string_view payload;
};

// Entries that were read, with the memory they lie in.
struct JournalSlice {
  std::vector<JournalEntry> entries;
  std::vector<std::shared_ptr<const void>> pins;
};

struct JournalOptions {
  // Bytes per segment file, a multiple of 4096; an entry that does not fit gets one of its own
  // size.
  uint64_t segment_size = uint64_t{16} << 20;
  // Newest entries kept in memory; those that are not durable yet always are.
  uint64_t tail_bytes = uint64_t{16} << 20;
  // Appends that wait for their sync; more are OVERLOADED.
  uint64_t max_pending_bytes = uint64_t{256} << 20;
};

class Journal {
 public:
  using Done = std::function<void(const Status&)>;

  // Opens the journal in `directory`, or makes one. Reads all of it, to find its end.
  // Errors: CORRUPTION (names file, offset, expected and found), FORMAT_UNSUPPORTED, IO_ERROR,
  // NO_SPACE, INVALID_ARGUMENT (options).
  static Result<std::unique_ptr<Journal>> open(FileSystem& files, const std::string& directory,
                                               const JournalOptions& options, Logger& logger);
  // Like a killed process, unless close() was called.
  virtual ~Journal() = default;

  // The indexes held; last() < first(): none, and the next append is last() + 1.
  virtual uint64_t first() const = 0;
  virtual uint64_t last() const = 0;
  // What is certain to be there after a power cut.
  virtual uint64_t durable() const = 0;

  // Appends entries that follow last() and each other; their bytes are copied before the return.
  // OK: `done` will be called once they are durable, or have failed. Otherwise it never is.
  virtual Status append(std::span<const JournalEntry> entries, Done done) = 0;
  // Entries from index `from` on, durable or not, until `max_bytes` of payload (at least one entry,
  // unless `from` is beyond last()).
  virtual Result<JournalSlice> read(uint64_t from, uint64_t max_bytes) = 0;

  // Entries below `index` are of no more use; whole segments of them go in the background. An
  // `index` beyond last() + 1 empties the journal: the next append is `index`.
  virtual Status truncate_before(uint64_t index) = 0;
  // Entries above `index` never were; durable at return. `index` is at least first() - 1.
  virtual Status truncate_after(uint64_t index) = 0;

  // A small value by name, durable at return; after an error the old one or the new one is there.
  virtual Status put_meta(std::string_view name, std::string_view value) = 0;
  virtual std::optional<std::string> get_meta(std::string_view name) const = 0;

  // Bytes of the segment files.
  virtual uint64_t disk_bytes() const = 0;
  // Completes what was appended and marks the end. No call may follow.
  virtual Status close() = 0;
};

}  // namespace kvhost::engine
