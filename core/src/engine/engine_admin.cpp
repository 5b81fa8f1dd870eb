// Calls for operators and tests: flush, compact, checkpoint, resume, figures.
#include <algorithm>

#include "backup/checkpoint.hpp"
#include "engine/engine_impl.hpp"
#include "format/space_key.hpp"

namespace kvhost::engine {

namespace {

constexpr std::chrono::milliseconds kFlushCheck{50};

}  // namespace

Status EngineImpl::flush() {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  return flush_everything();
}

Status EngineImpl::flush_everything() {
  queue_.lead();
  commit_->switch_memtable();
  const uint64_t newest_immutable = memtables_->active().id - 1;
  queue_.give_up_lead();
  while (memtables_->flushed_id() < newest_immutable) {
    if (errors_.any()) return errors_.refusal().with_context("flush");
    memtables_->wait_until_flushed(newest_immutable, kFlushCheck);
  }
  return Status::ok();
}

Status EngineImpl::sync_wal() {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  return wal_ == nullptr ? Status::ok() : wal_->sync();
}

Status EngineImpl::compact(const std::optional<Range>& range) {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  KVHOST_TRY(flush_everything());
  if (!range) return compaction_->compact_range({}, {});
  const std::string start = space_key(range->space, range->start);
  const std::string end =
      range->end ? space_key(range->space, *range->end) : space_end_key(range->space);
  if (start >= end) return Status::ok();
  return compaction_->compact_range(start, end);
}

Status EngineImpl::wait_until_idle() {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  while (memtables_->immutable_count() > 0) {
    if (errors_.any()) return errors_.refusal();
    memtables_->wait_for_fewer(1, kFlushCheck);
  }
  KVHOST_TRY(compaction_->wait_until_idle());
  versions_->remove_obsolete_files();
  return Status::ok();
}

void EngineImpl::set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name) {
  const EngineUse in_use = use();
  if (in_use) compaction_->set_policy(std::move(policy), std::move(name));
}

Status EngineImpl::checkpoint(const std::string& directory) {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  // With everything in tables no log has to be copied.
  KVHOST_TRY(flush_everything());
  return write_checkpoint(files_, *versions_, directory);
}

Result<ScrubReport> EngineImpl::scrub(const ScrubOptions& options) {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  return scrubber_->run(options);
}

Status EngineImpl::resume() {
  const EngineUse in_use = use();
  if (!in_use) return refuse_closed();
  if (!errors_.any()) return Status::ok();
  KVHOST_TRY(versions_->resume());
  queue_.lead();
  const auto store_and_rotate = [&]() -> Status {
    // What is only in the log beyond its durable end must be in tables before that end is given up.
    commit_->switch_memtable();
    while (memtables_->immutable_count() > 0) KVHOST_TRY(flusher_->flush_oldest());
    return wal_ == nullptr ? Status::ok() : wal_->rotate();
  };
  const Status resumed = store_and_rotate();
  if (resumed.is_ok()) errors_.clear("resumed by the operator");
  queue_.give_up_lead();
  return resumed.with_context("resume");
}

Statistics EngineImpl::statistics() {
  Statistics result;
  const EngineUse in_use = use();
  if (!in_use) return result;
  counters_.add_reads(result);
  result.puts = counters_.puts.read();
  result.deletes = counters_.deletes.read();
  result.range_deletes = counters_.range_deletes.read();
  result.increments = counters_.increments.read();
  result.batches = counters_.batches.read();
  result.condition_failures = counters_.condition_failures.read();
  result.user_bytes_written = counters_.user_bytes_written.read();
  result.wal_bytes_written = counters_.wal_bytes_written.read();
  result.wal_records = counters_.wal_records.read();
  result.wal_syncs = counters_.wal_syncs.load(std::memory_order_relaxed);
  result.wal_sync_duration = counters_.wal_sync_duration.read();
  if (wal_ != nullptr) result.wal_segments = wal_->writer().usage().segments;
  result.flushes = counters_.flushes.load(std::memory_order_relaxed);
  result.flush_bytes_written = counters_.flush_bytes_written.load(std::memory_order_relaxed);
  result.slowdown_debt_ns = counters_.slowdown_debt_ns.read();
  result.stall_memtables_ns = counters_.stall_memtables_ns.read();
  result.stall_no_space_ns = counters_.stall_no_space_ns.load(std::memory_order_relaxed);
  result.scrub_runs = counters_.scrub_runs.load(std::memory_order_relaxed);
  result.scrub_tables = counters_.scrub_tables.load(std::memory_order_relaxed);
  result.scrub_bytes = counters_.scrub_bytes.load(std::memory_order_relaxed);
  result.scrub_damaged_tables = counters_.scrub_damaged_tables.load(std::memory_order_relaxed);
  result.now_ms = now_ms();
  add_memory(result);
  add_tree(result);
  result.snapshots = snapshots_->count();
  result.last_sequence = last_sequence();
  return result;
}

void EngineImpl::add_memory(Statistics& into) const {
  const MemtableSet::Usage memtables = memtables_->usage();
  into.memtable_bytes = memtables.bytes;
  into.memtable_entries = memtables.entries;
  into.immutable_memtables = memtables_->immutable_count();
  const BlockCacheStats cache = cache_.stats();
  into.block_cache_bytes = cache.bytes;
  into.block_cache_capacity_bytes = cache.capacity;
  into.cache_hits = cache.hits;
  into.cache_misses = cache.misses;
  into.cache_evictions = cache.evictions;
  into.filter_and_fence_bytes =
      budget_.used(MemoryCategory::kFilters) + budget_.used(MemoryCategory::kFences);
}

void EngineImpl::add_tree(Statistics& into) const {
  const VersionPtr version = versions_->current();
  for (const SortedRunPtr& run : version->runs()) {
    if (into.levels.empty() || into.levels.back().level != run->level()) {
      into.levels.push_back({run->level(), 0, 0, 0});
    }
    LevelStatistics& level = into.levels.back();
    ++level.runs;
    level.files += run->files().size();
    level.bytes += run->bytes();
  }
  into.tables = version->file_count();
  into.table_bytes = version->bytes();
  const CompactionStatistics compaction = compaction_->statistics();
  into.pending_compaction_bytes = compaction.pending_bytes;
  into.compactions = compaction.jobs_done;
  into.compactions_failed = compaction.jobs_failed;
  into.compaction_bytes_read = compaction.bytes_read;
  into.compaction_bytes_written = compaction.bytes_written;
  into.entries_dropped_shadowed = compaction.dropped_shadowed;
  into.entries_dropped_deleted = compaction.dropped_deleted;
  into.entries_dropped_expired = compaction.dropped_expired;
  into.entries_expired_reclaimed = compaction.dropped_expired + compaction.rewritten_expired;
  version->for_each_file([&](const SortedRun&, const TableFilePtr& file) {
    const FileMetadata& metadata = file->metadata();
    if (metadata.ttl_entries == 0 || metadata.min_expires_at_ms >= into.now_ms) return;
    into.expiry_lag_ms = std::max(into.expiry_lag_ms, into.now_ms - metadata.min_expires_at_ms);
  });
  into.policy_faults = compaction.policy_faults;
  into.jobs_refused = compaction.jobs_refused;
  into.policy_name = compaction.policy_name;
  into.quarantined_policy = compaction.quarantined_policy;
  into.quarantine_reason = compaction.quarantine_reason;
}

TreeSnapshot EngineImpl::tree() {
  const EngineUse in_use = use();
  if (!in_use) return {};
  return compaction_->tree();
}

}  // namespace kvhost::engine
