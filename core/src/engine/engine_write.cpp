// The write calls, and what a thread does while it leads the writes.
#include <algorithm>

#include "base/thread_name.hpp"
#include "engine/engine_impl.hpp"
#include "engine/memory_guard.hpp"

namespace kvhost::engine {

namespace {

// How often a stalled leader looks for deadlines that have passed.
constexpr std::chrono::milliseconds kStallCheck{5};
// What a larger batch takes is more than the thread that brings it should be kept for.
constexpr std::size_t kLargestTried = 64 << 10;

}  // namespace

Status EngineImpl::refuse_closed() { return {StatusCode::CANCELLED, "the engine is closed"}; }

// Once a strategy orders the batches, a write beside it would make this replica differ.
Status EngineImpl::check_write() const {
  if (has_log()) return Status::ok();
  MutexLock lock(position_mutex_);
  if (applied_.strategy.empty()) return Status::ok();
  return {StatusCode::INVALID_ARGUMENT,
          "the strategy " + applied_.strategy + " orders the writes here: use apply()"};
}

Result<WriteResult> EngineImpl::write(const WriteOptions& options, const WriteBatch& batch) {
  KVHOST_TRY(check_write());
  WriteRequest request;
  request.batch = batch.bytes();
  request.deadline_ns = options.deadline_ns;
  request.sync = options.sync;
  WriteQueue::Turn turn = queue_.enter(request);
  // A group mostly holds its leader's own request, but a long queue may come before it.
  while (turn == WriteQueue::Turn::kLead && !lead_writes(&request)) {
    turn = queue_.wait_again(request);
  }
  return std::move(request.outcome);
}

void EngineImpl::write_async(const WriteOptions& options, const WriteBatch& batch,
                             WriteCallback done) {
  if (const Status allowed = check_write(); !allowed) return done(allowed);
  std::unique_ptr<WriteRequest> request;
  const Status copied = or_out_of_memory([&]() -> Status {
    request = std::make_unique<WriteRequest>();
    request->owned_batch.assign(batch.bytes());
    return Status::ok();
  });
  if (!copied) return done(copied);
  request->batch = request->owned_batch;
  request->deadline_ns = options.deadline_ns;
  request->sync = options.sync;
  request->done = std::move(done);
  if (const Status taken = queue_.submit(request); !taken) request->done(taken);
}

bool EngineImpl::lead_writes(WriteRequest* mine) {
  if (!make_room(mine)) {
    queue_.give_up_lead();
    return true;
  }
  const WriteGroup group = queue_.take();
  commit_->commit(group);
  look_after_writes();
  // Once the group is finished the engine may be closed under this thread's feet.
  const bool is_mine_served = mine != nullptr && mine->state == WriteRequest::State::kTaken;
  queue_.finish(group);
  return is_mine_served;
}

// A batch that is in memory after a microsecond is not worth waking a thread for, and being woken.
std::optional<Result<WriteResult>> EngineImpl::try_write(const WriteBatch& batch) {
  if (!may_lose_acknowledged() || batch.bytes().size() > kLargestTried) return std::nullopt;
  if (!queue_.try_lead()) return std::nullopt;
  std::optional<Result<WriteResult>> outcome;
  if (is_at_ease()) {
    WriteRequest request;
    request.batch = batch.bytes();
    if (commit_->try_commit(request)) outcome = std::move(request.outcome);
    look_after_writes();
  }
  queue_.give_up_lead();
  return outcome;
}

bool EngineImpl::is_at_ease() const {
  return !errors_.any() && !memtables_->is_active_full() && controller_.strain(pressure()) <= 0 &&
         !wal_->writer().needs_next() &&
         !reserve_->is_low(visible_.load(std::memory_order_relaxed));
}

void EngineImpl::look_after_writes() {
  if (memtables_->is_active_full() &&
      memtables_->immutable_count() < options_.max_immutable_memtables) {
    switch_memtable();
  }
  if (log_sync_ != nullptr && !wal_->is_durable()) log_sync_->wake();
  const bool needs_segment = wal_ != nullptr && wal_->writer().needs_next();
  if (needs_segment || reserve_->is_low(visible_.load(std::memory_order_relaxed))) {
    maintenance_->wake();
  }
}

// Without the memory for another one the memtable grows for now; the next group tries again.
void EngineImpl::switch_memtable() {
  static_cast<void>(or_out_of_memory([&]() -> Status {
    commit_->switch_memtable();
    return Status::ok();
  }));
}

bool EngineImpl::make_room(WriteRequest* mine) {
  while (memtables_->is_active_full() && !errors_.any()) {
    if (memtables_->immutable_count() < options_.max_immutable_memtables) {
      switch_memtable();
      break;
    }
    const uint64_t begin_ns = clock_.monotonic_ns();
    memtables_->wait_for_fewer(options_.max_immutable_memtables, kStallCheck);
    counters_.stall_memtables_ns.add(clock_.monotonic_ns() - begin_ns);
    if (queue_.refuse_overdue(mine)) return false;
  }
  const WritePressure now = pressure();
  counters_.slowdown_debt_ns.add(controller_.slow_down(now, commit_->last_group_bytes()));
  return true;
}

WritePressure EngineImpl::pressure() const {
  return {debt_bytes_.load(std::memory_order_relaxed), level0_runs_.load(std::memory_order_relaxed),
          memtables_->immutable_count(), memtables_->active_fill()};
}

void EngineImpl::run_commit_thread() {
  set_thread_name("kv-commit");
  while (!queue_.is_finished()) {
    if (queue_.wait_for_async_turn()) lead_writes(nullptr);
    for (const auto& request : queue_.take_completions()) {
      request->done(std::move(request->outcome));
    }
  }
}

Status EngineImpl::check_apply(const ReplicationPosition& first) {
  if (has_log()) {
    return {StatusCode::INVALID_ARGUMENT,
            "apply() needs an engine without a log of its own (wal_sync off)"};
  }
  MutexLock lock(position_mutex_);
  const bool goes_on = applied_.strategy == first.strategy &&
                       applied_.incarnation == first.incarnation && applied_.index > 0;
  if (goes_on && first.index != applied_.index + 1) {
    return {StatusCode::INVALID_ARGUMENT, "apply() expects index " +
                                              std::to_string(applied_.index + 1) + ", found " +
                                              std::to_string(first.index)};
  }
  return Status::ok();
}

Result<std::vector<WriteResult>> EngineImpl::apply(const ReplicationPosition& first,
                                                   std::span<const OrderedBatch> batches) {
  if (!is_open_.load(std::memory_order_acquire)) return refuse_closed();
  KVHOST_TRY(check_apply(first));
  std::vector<WriteResult> results;
  results.reserve(batches.size());
  ReplicationPosition position = first;
  queue_.lead();
  Status failure;
  for (const OrderedBatch& batch : batches) {
    while (!make_room(nullptr)) {
    }
    if (errors_.any()) failure = errors_.refusal();
    if (!failure) break;
    Result<WriteResult> applied = commit_->apply(position, batch);
    if (!applied) failure = applied.error();
    if (!failure) break;
    results.push_back(std::move(*applied));
    {
      MutexLock lock(position_mutex_);
      applied_ = position;
    }
    ++position.index;
  }
  queue_.give_up_lead();
  if (!failure) return failure;
  return results;
}

ReplicationPosition EngineImpl::applied_position() {
  MutexLock lock(position_mutex_);
  return applied_;
}

ReplicationPosition EngineImpl::durable_position() {
  MutexLock lock(position_mutex_);
  return durable_;
}

void EngineImpl::on_durable(std::function<void(ReplicationPosition)> callback) {
  MutexLock lock(position_mutex_);
  on_durable_ = std::move(callback);
}

}  // namespace kvhost::engine
