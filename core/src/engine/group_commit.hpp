// Carries out a group of writes: resolve each batch, append the effects to the log, make them
// durable as the mode asks, put them into the memtable, publish the last number. What a sync has
// not confirmed is in no memtable, and so neither visible nor ever flushed.
//
// Threads:   the leader of the writes.
// Lifetime:  borrows what it is made of.
// Errors:    when the log fails, every request of the group fails with that cause.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <vector>

#include "engine/background_errors.hpp"
#include "engine/batch_resolver.hpp"
#include "engine/log_time.hpp"
#include "engine/memtable_set.hpp"
#include "engine/sequence_reserve.hpp"
#include "engine/statistics_counters.hpp"
#include "engine/wal.hpp"
#include "engine/write_queue.hpp"

namespace kvhost::engine {

class GroupCommit {
 public:
  struct Dependencies {
    LatestReader& reader;
    LogTime& log_time;
    Wal* wal;  // null: no log
    MemtableSet& memtables;
    BackgroundErrors& errors;
    SequenceReserve& reserve;
    StatisticsCounters& counters;
    std::atomic<SequenceNumber>& visible;
  };

  GroupCommit(const Dependencies& dependencies, SizeLimits limits, bool always_syncs)
      : with_(dependencies),
        always_syncs_(always_syncs),
        resolver_(with_.reader, limits),
        ordered_resolver_(with_.reader, SizeLimits{}) {}

  // Sets the outcome of every request of the group.
  void commit(const WriteGroup& group);
  // The same for one request, if the disk need not be read for it; else it is as it was.
  bool try_commit(WriteRequest& request);
  // Carries out one batch that a strategy has ordered. An error is that of the state (a failed
  // read); what is wrong with the batch itself is its outcome.
  Result<WriteResult> apply(const ReplicationPosition& position, const OrderedBatch& batch);

  // The active memtable becomes immutable, unless nothing is in it.
  void switch_memtable();
  // Of the last group, its log payloads, bytes.
  uint64_t last_group_bytes() const { return last_group_bytes_; }

 private:
  Status make_durable(const WriteGroup& group, std::span<const std::string_view> payloads);
  // Resolves every request that has no outcome yet; the payloads to log.
  std::span<const std::string_view> resolve(const WriteGroup& group, bool memory_only);
  void carry_out(const WriteGroup& group, std::span<const std::string_view> payloads);
  // What the log holds must get into the memtable: without the memory for that the process ends,
  // and the next start replays it.
  void publish(std::span<const std::string_view> payloads, const BatchResolver& resolver) noexcept;
  void count_outcomes(const WriteGroup& group, const OperationCounts& counts);

  const Dependencies with_;
  const bool always_syncs_;
  BatchResolver resolver_;
  // A strategy's batches were accepted where they were ordered: local limits must not change them.
  BatchResolver ordered_resolver_;
  uint64_t last_group_bytes_ = 0;
};

}  // namespace kvhost::engine
