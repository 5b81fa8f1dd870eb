// What goes on behind the calls: upkeep, recovery from a full disk, and the answers that compaction
// asks for.
#include <algorithm>

#include "engine/engine_impl.hpp"

namespace kvhost::engine {

namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

}  // namespace

void EngineImpl::maintain() {
  const uint64_t now_ns = clock_.monotonic_ns();
  const uint64_t elapsed_ns = now_ns - std::exchange(last_maintained_ns_, now_ns);
  if (errors_.is_soft()) {
    count(counters_.stall_no_space_ns, elapsed_ns);
    retry_after_soft_error();
  }
  super_versions_.reclaim();
  versions_->remove_obsolete_files();
  debt_bytes_.store(compaction_->pending_bytes(), std::memory_order_relaxed);
  const uint64_t written = counters_.user_bytes_written.read();
  if (elapsed_ns > kNsPerSecond / 20) {
    const double rate = static_cast<double>(written - std::exchange(last_written_, written)) *
                        static_cast<double>(kNsPerSecond) / static_cast<double>(elapsed_ns);
    write_rate_.store(static_cast<uint64_t>(rate), std::memory_order_relaxed);
  }
  if (errors_.any()) return;
  space_->keep();
  const SequenceNumber last = visible_.load(std::memory_order_acquire);
  if (reserve_->is_low(last)) {
    if (const Status renewed = reserve_->renew(last); !renewed) {
      errors_.report("reserving sequence numbers", renewed);
    }
  }
  if (wal_ != nullptr && wal_->writer().needs_next()) {
    // Without it the switch of segments takes longer; it fails by itself if it must.
    if (const Status next = wal_->writer().prepare_next(); !next) {
      logger_.log(LogLevel::kWarning, "no log segment ahead: " + next.to_string());
    }
  }
}

// Writes resume by themselves once the memtables could be flushed, the MANIFEST written, the space
// for flushes kept back anew and a new log segment begun.
void EngineImpl::retry_after_soft_error() {
  if (errors_.cause().code() == StatusCode::NO_SPACE) space_->release();
  if (flusher_->is_failing() || memtables_->immutable_count() > 0) return;
  if (!versions_->resume().is_ok() || !space_->restore().is_ok()) return;
  if (wal_ != nullptr) {
    queue_.lead();
    const Status rotated = wal_->rotate();
    queue_.give_up_lead();
    if (!rotated) {
      if (!BackgroundErrors::is_passing(rotated)) {
        errors_.report("starting a log segment", rotated);
      }
      return;
    }
  }
  errors_.clear_soft("what was missing is there again");
}

void EngineImpl::note_flushed(const MemtableUnit& unit) {
  compaction_->notify(TreeEventType::kFlushDone);
  tree_changed();
  if (!unit.has_position) return;
  std::function<void(ReplicationPosition)> callback;
  {
    MutexLock lock(position_mutex_);
    durable_ = unit.position;
    callback = on_durable_;
  }
  if (callback) callback(unit.position);
}

std::vector<SequenceNumber> EngineImpl::live_snapshots() { return snapshots_->held(); }

uint64_t EngineImpl::durable_log_time_ms() {
  // The own log holds resolved effects: nothing in it is judged again, so time may run ahead of it.
  // A strategy's batches are judged again when they are replayed, with their own times.
  return has_log() ? log_time_.now() : versions_->state().log_time_ms;
}

uint64_t EngineImpl::write_bytes_per_second() {
  return write_rate_.load(std::memory_order_relaxed);
}

bool EngineImpl::is_flush_urgent() {
  return memtables_->immutable_count() >= options_.max_immutable_memtables && !errors_.any();
}

void EngineImpl::tree_changed() {
  memtables_->refresh();
  level0_runs_.store(versions_->current()->level0_runs(), std::memory_order_relaxed);
}

void EngineImpl::compaction_failed(const Status& failure) {
  // A full disk stops merges, not writes: those find out by themselves. Damage stays where it is
  // and is answered where it is read.
  if (failure.code() == StatusCode::IO_ERROR || !versions_->status().is_ok()) {
    errors_.report("compaction", failure);
  }
}

}  // namespace kvhost::engine
