// The C++ face of a compaction policy: derive from CompactionPolicy, decide in plan().
//
// Threads:   plan, pressure and job_done run on one thread of the engine's, never concurrently.
// Lifetime:  a TreeView and everything it points to live until the call returns.
// Source:    the tree of sorted runs follows the "sorted run" view of universal compaction in
//            RocksDB and of fjall's lsm-tree.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/compaction.h"
#include "kvhost/result.hpp"

namespace kvhost {

// Absolute CLOCK_MONOTONIC (steady_clock on Linux).
using Deadline = std::chrono::steady_clock::time_point;

enum class Codec : uint32_t {
  kDefault = KVH_CODEC_DEFAULT,
  kNone = KVH_CODEC_NONE,
  kLz4 = KVH_CODEC_LZ4,
  kZstd = KVH_CODEC_ZSTD,
};

// One table. Keys are engine keys: opaque, compared as unsigned bytes, both ends inclusive.
struct FileView {
  uint64_t id = 0;
  uint64_t identity[2] = {0, 0};
  uint64_t bytes = 0;
  std::string_view smallest_key;
  std::string_view largest_key;
  uint64_t min_sequence = 0;
  uint64_t max_sequence = 0;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  uint64_t range_deletes = 0;
  uint64_t ttl_entries = 0;
  uint64_t min_expires_at_ms = 0;
  uint64_t max_expires_at_ms = 0;
  uint64_t created_at_ms = 0;
  uint64_t estimated_garbage_bytes = 0;
  uint64_t read_touches = 0;
  bool busy = false;

  bool overlaps(std::string_view smallest, std::string_view largest) const {
    return !(largest_key < smallest || largest < smallest_key);
  }
};

// Files in key order whose ranges do not overlap.
struct RunView {
  uint64_t id = 0;
  uint32_t level = 0;
  uint64_t bytes = 0;
  std::span<const FileView> files;
};

// The whole tree, runs newest first; see abi/compaction.h for each field.
struct TreeView {
  uint64_t now_ms = 0;
  std::span<const RunView> runs;
  std::span<const uint64_t> snapshots;
  uint64_t last_sequence = 0;
  uint64_t memtable_bytes = 0;
  uint64_t write_bytes_per_s = 0;
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;
  uint32_t max_workers = 1;
  uint32_t idle_workers = 1;
  std::string_view policy_state;
};

enum class TreeEventType : uint32_t {
  kOpened = KVH_EVENT_OPENED,
  kFlushDone = KVH_EVENT_FLUSH_DONE,
  kJobDone = KVH_EVENT_JOB_DONE,
  kTimer = KVH_EVENT_TIMER,
  kSnapshotReleased = KVH_EVENT_SNAPSHOT_RELEASED,
  kReadTouches = KVH_EVENT_READ_TOUCHES,
  kTombstones = KVH_EVENT_TOMBSTONES,
  kLowSpace = KVH_EVENT_LOW_SPACE,
  kManual = KVH_EVENT_MANUAL,
};

struct TreeEvent {
  TreeEventType type = TreeEventType::kTimer;
  uint64_t file_id = 0;
  // kManual only: the range to merge down, end exclusive; both empty = everything.
  std::string_view start;
  std::string_view end;
};

enum class JobType : uint32_t {
  kMerge = KVH_JOB_MERGE,
  kMove = KVH_JOB_MOVE,
  kDropExpired = KVH_JOB_DROP_EXPIRED,
  kDropOldestLossy = KVH_JOB_DROP_OLDEST_LOSSY,
  kRewriteBlobs = KVH_JOB_REWRITE_BLOBS,
};

// One piece of work. Owned, so that it may outlive the TreeView that it was decided on.
struct Job {
  JobType type = JobType::kMerge;
  std::vector<uint64_t> inputs;
  std::string clip_start;  // covers the inputs: a range that cuts a table is refused
  std::string clip_end;
  uint32_t target_level = 0;
  // The run that the outputs join; 0 = a new run, placed where the oldest input stands, or further
  // down where target_level belongs.
  uint64_t target_run = 0;
  uint64_t split_file_bytes = 0;
  uint64_t split_overlap_bytes = 0;
  uint64_t split_window_ms = 0;
  Codec codec = Codec::kDefault;
  uint32_t bits_per_key = 0;
  uint64_t blob_threshold = 0;  // reserved, like kRewriteBlobs
  uint32_t priority = 0;
  std::string policy_state;
  std::string reason;
};

struct Plan {
  std::vector<Job> jobs;
};

struct Pressure {
  uint64_t pending_bytes = 0;
  // 0 = in shape … 1000 = far behind.
  uint64_t urgency = 0;
};

struct JobReport {
  JobType type = JobType::kMerge;
  Status status;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t entries_in = 0;
  uint64_t entries_out = 0;
  std::chrono::nanoseconds duration{0};
};

class CompactionPolicy {
 public:
  virtual ~CompactionPolicy() = default;
  // The jobs worth doing now. A pure decision: no I/O, no waiting, done before `deadline`.
  virtual Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                            Deadline deadline) = 0;
  virtual Pressure pressure(const TreeView& /*tree*/) { return {}; }
  virtual void job_done(const JobReport& /*report*/) {}
};

}  // namespace kvhost
