// What the engine counts. Counters only grow while the engine is open; gauges are as of the call.
//
// Threads:   a value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace kvhost::engine {

// Durations in buckets that double from 10 µs: bucket i counts durations of at most 10 µs × 2^i;
// the last counts everything longer.
struct DurationHistogram {
  static constexpr int kBuckets = 24;
  std::array<uint64_t, kBuckets> counts{};
  uint64_t count = 0;
  uint64_t sum_ns = 0;

  // The upper bound of a bucket, seconds.
  static constexpr double bound_seconds(int bucket) {
    return 10e-6 * static_cast<double>(uint64_t{1} << bucket);
  }
};

struct LevelStatistics {
  uint32_t level = 0;
  uint64_t runs = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;
};

struct Statistics {
  // Operations, by kind.
  uint64_t gets = 0;
  uint64_t get_hits = 0;
  uint64_t puts = 0;
  uint64_t deletes = 0;
  uint64_t range_deletes = 0;
  uint64_t increments = 0;
  uint64_t batches = 0;
  uint64_t condition_failures = 0;
  uint64_t iterators = 0;

  // Memory, bytes.
  uint64_t memtable_bytes = 0;
  uint64_t memtable_entries = 0;
  uint64_t immutable_memtables = 0;
  uint64_t block_cache_bytes = 0;
  uint64_t block_cache_capacity_bytes = 0;
  uint64_t filter_and_fence_bytes = 0;

  // Log.
  uint64_t wal_bytes_written = 0;
  uint64_t wal_records = 0;
  uint64_t wal_syncs = 0;
  uint64_t wal_segments = 0;
  DurationHistogram wal_sync_duration;

  // Tree.
  std::vector<LevelStatistics> levels;
  uint64_t tables = 0;
  uint64_t table_bytes = 0;
  uint64_t pending_compaction_bytes = 0;
  uint64_t snapshots = 0;

  // Background work.
  uint64_t user_bytes_written = 0;
  uint64_t flushes = 0;
  uint64_t flush_bytes_written = 0;
  uint64_t compactions = 0;
  uint64_t compactions_failed = 0;
  uint64_t compaction_bytes_read = 0;
  uint64_t compaction_bytes_written = 0;
  uint64_t entries_dropped_shadowed = 0;
  uint64_t entries_dropped_deleted = 0;
  uint64_t entries_dropped_expired = 0;
  // Values that compaction took off the disk because they had expired (some left a tombstone).
  uint64_t entries_expired_reclaimed = 0;
  // For how long the table with the oldest expired value has been holding it, milliseconds.
  uint64_t expiry_lag_ms = 0;
  uint64_t policy_faults = 0;
  uint64_t jobs_refused = 0;

  // Scrubs: whole runs, and what they read and found so far.
  uint64_t scrub_runs = 0;
  uint64_t scrub_tables = 0;
  uint64_t scrub_bytes = 0;
  uint64_t scrub_damaged_tables = 0;

  // Cache and filters.
  uint64_t cache_hits = 0;
  uint64_t cache_misses = 0;
  uint64_t cache_evictions = 0;
  uint64_t filter_useful = 0;          // said no, and so saved a read
  uint64_t filter_passed = 0;          // said maybe
  uint64_t filter_false_positives = 0; // said maybe, and the key was not there

  // Writes held back, nanoseconds, by reason.
  uint64_t slowdown_debt_ns = 0;
  uint64_t stall_memtables_ns = 0;
  uint64_t stall_no_space_ns = 0;

  uint64_t last_sequence = 0;
  uint64_t now_ms = 0;
  std::string policy_name;
  // The policy that was quarantined for a fault, and why; empty while none is.
  std::string quarantined_policy;
  std::string quarantine_reason;

  // (log + flush + compaction bytes) ÷ user bytes; 0 before the first write.
  double write_amplification() const {
    if (user_bytes_written == 0) return 0;
    return static_cast<double>(wal_bytes_written + flush_bytes_written +
                               compaction_bytes_written) /
           static_cast<double>(user_bytes_written);
  }
};

}  // namespace kvhost::engine
