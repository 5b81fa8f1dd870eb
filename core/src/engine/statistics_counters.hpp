// Counters of the hot paths. Reads count in one of several cache lines, chosen by thread; writes
// are counted by the one thread that leads them.
//
// Threads:   any; written relaxed, read as of about now.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "kvhost/engine/statistics.hpp"

namespace kvhost::engine {

class SharedHistogram {
 public:
  void record(uint64_t duration_ns);
  DurationHistogram read() const;

 private:
  std::array<std::atomic<uint64_t>, DurationHistogram::kBuckets> counts_{};
  std::atomic<uint64_t> sum_ns_{0};
};

struct alignas(64) ReadCounters {
  std::atomic<uint64_t> gets{0};
  std::atomic<uint64_t> get_hits{0};
  std::atomic<uint64_t> iterators{0};
  std::atomic<uint64_t> filter_useful{0};
  std::atomic<uint64_t> filter_passed{0};
  std::atomic<uint64_t> filter_false_positives{0};
};

// One writer at a time (the leader), so an increment needs no locked instruction.
class LeaderCounter {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct StatisticsCounters {
  static constexpr std::size_t kShards = 16;

  // The shard of the calling thread.
  ReadCounters& reads();
  // Adds the read counters up into `into`.
  void add_reads(Statistics& into) const;

  // By the leader of the writes.
  LeaderCounter puts;
  LeaderCounter deletes;
  LeaderCounter range_deletes;
  LeaderCounter increments;
  LeaderCounter batches;
  LeaderCounter condition_failures;
  LeaderCounter user_bytes_written;
  LeaderCounter wal_bytes_written;
  LeaderCounter wal_records;
  LeaderCounter slowdown_debt_ns;
  LeaderCounter stall_memtables_ns;

  // By whoever syncs, flushes or retries.
  std::atomic<uint64_t> wal_syncs{0};
  SharedHistogram wal_sync_duration;
  std::atomic<uint64_t> flushes{0};
  std::atomic<uint64_t> flush_bytes_written{0};
  std::atomic<uint64_t> stall_no_space_ns{0};
  std::atomic<uint64_t> scrub_runs{0};
  std::atomic<uint64_t> scrub_tables{0};
  std::atomic<uint64_t> scrub_bytes{0};
  std::atomic<uint64_t> scrub_damaged_tables{0};

 private:
  std::array<ReadCounters, kShards> read_shards_;
};

inline void count(std::atomic<uint64_t>& counter, uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace kvhost::engine
