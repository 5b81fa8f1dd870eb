// The LSM engine: an ordered store of byte strings in one directory.
//
// Threads:   every method may be called from any thread, unless it says otherwise.
// Lifetime:  snapshots, iterators and pinned values hold the state they came from, not the engine:
//            give them back before the engine is destroyed.
// Errors:    NO_SPACE and READ_ONLY (a background error is in force; background_error() has the
//            cause), CORRUPTION, IO_ERROR, TOO_LARGE, INVALID_ARGUMENT. An absent key is a value.
// Reading:   docs/ARCHITECTURE.md follows a write and a read through the parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/iterator.hpp"
#include "kvhost/engine/options.hpp"
#include "kvhost/engine/scrub.hpp"
#include "kvhost/engine/statistics.hpp"
#include "kvhost/engine/tree_snapshot.hpp"
#include "kvhost/engine/write_batch.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// Pins a state of the data, not the time: keys may expire in it. Destroy it to let go.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual uint64_t sequence() const = 0;
};

struct ReadOptions {
  // Null: the newest state.
  const Snapshot* snapshot = nullptr;
  // Do not touch the disk: kNeedsDisk is answered where that would be needed. Of get() and
  // multi_get(); an iterator is refused with NOT_SUPPORTED.
  bool memory_only = false;
  // Blocks read are not kept in the cache.
  bool fill_cache = true;
  // The time that expiry is judged by, Unix milliseconds; 0: the engine's log time now.
  uint64_t now_ms = 0;
  // multi_get(): values of more than this together are TOO_LARGE. Many small keys can ask for much.
  uint64_t max_bytes = UINT64_MAX;
};

// Bytes of a value, pinned where they lie (a cached block, a memtable) or owned.
class PinnedValue {
 public:
  PinnedValue() = default;
  explicit PinnedValue(std::string owned) : owned_(std::move(owned)), is_owned_(true) {}
  PinnedValue(std::string_view view, std::shared_ptr<const void> pin)
      : view_(view), pin_(std::move(pin)) {}
  std::string_view view() const { return is_owned_ ? std::string_view(owned_) : view_; }

 private:
  std::string owned_;
  std::string_view view_;
  std::shared_ptr<const void> pin_;
  bool is_owned_ = false;
};

enum class Lookup : uint8_t { kAbsent, kFound, kNeedsDisk };

struct GetResult {
  Lookup outcome = Lookup::kAbsent;
  PinnedValue value;
  uint64_t version = 0;
  uint64_t expires_at_ms = 0;  // 0 = never

  bool found() const { return outcome == Lookup::kFound; }
};

struct KeyRef {
  uint32_t space = 0;
  std::string_view key;
};

struct WriteOptions {
  // Overrides Options::wal_sync towards more safety: the call returns after a sync.
  bool sync = false;
  // Absolute CLOCK_MONOTONIC nanoseconds after which a write that still waits is refused with
  // DEADLINE_EXCEEDED (not executed); 0 = wait as long as it takes.
  uint64_t deadline_ns = 0;
};

struct OpResult {
  // Only where the operation asked by kWantExisted; increments always tell.
  bool existed = false;
  // kIncrement: the sum.
  int64_t number = 0;
  // The sequence number that this operation got.
  uint64_t version = 0;
};

struct WriteResult {
  // OK, CONDITION_FAILED (nothing was written) or NOT_A_NUMBER (nothing was written).
  Status outcome;
  // The sequence number of the batch's last operation; for an empty batch the newest one.
  uint64_t version = 0;
  uint64_t now_ms = 0;
  std::vector<OpResult> ops;
  // Positions of the conditions that did not hold, with the current version (0 = absent) of each.
  struct FailedCondition {
    uint32_t index = 0;
    uint64_t current_version = 0;
  };
  std::vector<FailedCondition> failed;
};

// Called exactly once, on a thread of the engine's, under no lock; must not block.
using WriteCallback = std::function<void(Result<WriteResult>)>;

// Where a replication strategy stands in its own order; kept atomically with the data.
struct ReplicationPosition {
  std::string strategy;
  uint64_t incarnation = 0;
  uint64_t term = 0;
  uint64_t index = 0;
};

// One ordered batch, as a strategy hands it over.
struct OrderedBatch {
  uint64_t now_ms = 0;
  std::string_view bytes;  // WriteBatch::bytes()
};

struct Range {
  uint32_t space = 0;
  std::string start;
  std::optional<std::string> end;  // exclusive; none = to the end of the space
};

class Engine {
 public:
  // Opens the database in `directory`, or makes one where there is none (a directory with other
  // files in it is refused). Recovers what the log holds.
  // Errors: LOCKED, CORRUPTION (with the repair command), FORMAT_UNSUPPORTED, IO_ERROR, NO_SPACE.
  static Result<std::unique_ptr<Engine>> open(const std::string& directory, Options options,
                                              Environment environment);
  virtual ~Engine() = default;

  virtual Result<GetResult> get(const ReadOptions& options, uint32_t space,
                                std::string_view key) = 0;
  // Answers in the order of `keys`, all from one state.
  virtual Result<std::vector<GetResult>> multi_get(const ReadOptions& options,
                                                   std::span<const KeyRef> keys) = 0;
  virtual std::unique_ptr<Snapshot> snapshot() = 0;
  // The keys of `range`; not positioned yet.
  virtual Result<std::unique_ptr<Iterator>> iterator(const ReadOptions& options,
                                                     const Range& range) = 0;

  // Returns when the batch is as safe as options and Options::wal_sync ask, and visible.
  // An error means that it was not executed, but for IO_ERROR of the log: then it may come back
  // after a restart, though it is not visible now.
  virtual Result<WriteResult> write(const WriteOptions& options, const WriteBatch& batch) = 0;
  // The same without waiting; the batch's bytes are copied before this returns.
  virtual void write_async(const WriteOptions& options, const WriteBatch& batch,
                           WriteCallback done) = 0;

  // Carries the batch out at once, if nothing has to be waited for: no sync, no other writer, no
  // slowdown, nothing to be read from the disk. None: nothing has happened; the batch is one for
  // write() or write_async().
  virtual std::optional<Result<WriteResult>> try_write(const WriteBatch&) { return std::nullopt; }

  // For a replication strategy that keeps the log (WalSync::kOff): carries out batches at
  // `first`, `first.index + 1`, … in order. Deterministic: results depend on the state and the
  // batches alone. One caller at a time.
  virtual Result<std::vector<WriteResult>> apply(const ReplicationPosition& first,
                                                 std::span<const OrderedBatch> batches) = 0;
  // The position of the newest batch applied, and of the newest one that a flush made durable.
  virtual ReplicationPosition applied_position() = 0;
  virtual ReplicationPosition durable_position() = 0;
  // Called after durable_position() moved, on a thread of the engine's (or in resume() and close(),
  // on their caller's), under no lock. Set before the first apply.
  virtual void on_durable(std::function<void(ReplicationPosition)> callback) = 0;

  // Log time now: what expiry is judged by, Unix milliseconds, never going back.
  virtual uint64_t now_ms() = 0;
  virtual uint64_t last_sequence() = 0;

  // Writes the memtables to tables and returns when they are durable.
  virtual Status flush() = 0;
  // Syncs the log, whatever the mode.
  virtual Status sync_wal() = 0;
  // Merges the range down as far as the policy goes; without a range, everything.
  virtual Status compact(const std::optional<Range>& range) = 0;
  // Returns when no flush or compaction is running or due.
  virtual Status wait_until_idle() = 0;
  // Replaces the policy under load; running jobs finish under the old one.
  virtual void set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name) = 0;
  // Online backup base: hard links of the tables and a manifest, in a directory that does not
  // exist.
  virtual Status checkpoint(const std::string& directory) = 0;
  // Reads and checks every table beside everything else; damage is a finding, not an error.
  virtual Result<ScrubReport> scrub(const ScrubOptions&) {
    return Status(StatusCode::NOT_SUPPORTED, "this engine has no scrub");
  }

  // OK, or why writes are refused.
  virtual Status background_error() = 0;
  // Lifts a background error where that is safe: flushes to tables, starts a new log segment.
  virtual Status resume() = 0;

  virtual Statistics statistics() = 0;
  // The tree as it stands, for pictures and tests.
  virtual TreeSnapshot tree() = 0;

  // Waits for running work, syncs the log, lets go of the directory. Further calls fail. The
  // destructor does the same and drops the status.
  virtual Status close() = 0;
};

}  // namespace kvhost::engine
