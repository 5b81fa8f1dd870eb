#include "engine/group_commit.hpp"

#include "base/assert.hpp"
#include "engine/memory_guard.hpp"
#include "engine/memtable_insert.hpp"

namespace kvhost::engine {

namespace {

void fail_group(const WriteGroup& group, const Status& cause) {
  group.for_each([&](WriteRequest& request) {
    if (request.outcome) request.outcome = cause;
  });
}

Status check_well_formed(std::string_view batch) {
  WriteBatch::Reader reader(batch);
  while (true) {
    KVHOST_TRY_ASSIGN(const bool more, reader.next());
    if (!more) return Status::ok();
  }
}

}  // namespace

void GroupCommit::commit(const WriteGroup& group) {
  if (with_.errors.any()) {
    fail_group(group, with_.errors.refusal());
    return;
  }
  std::span<const std::string_view> payloads;
  const Status resolved = or_out_of_memory([&]() -> Status {
    payloads = resolve(group, false);
    return Status::ok();
  });
  if (!resolved) {
    fail_group(group, resolved);
    return;
  }
  carry_out(group, payloads);
}

bool GroupCommit::try_commit(WriteRequest& request) {
  WriteGroup group;
  group.push_back(&request);
  std::span<const std::string_view> payloads;
  const Status resolved = or_out_of_memory([&]() -> Status {
    payloads = resolve(group, true);
    return Status::ok();
  });
  if (!resolved || resolver_.needs_disk()) return false;
  carry_out(group, payloads);
  return true;
}

void GroupCommit::carry_out(const WriteGroup& group, std::span<const std::string_view> payloads) {
  if (const Status durable = make_durable(group, payloads); !durable) {
    // Whoever failed a condition judged by a batch that is now lost must decide anew, too.
    fail_group(group, durable);
    return;
  }
  if (!payloads.empty()) publish(payloads, resolver_);
  count_outcomes(group, resolver_.counts());
}

std::span<const std::string_view> GroupCommit::resolve(const WriteGroup& group, bool memory_only) {
  resolver_.begin_group(with_.visible.load(std::memory_order_relaxed) + 1, memory_only);
  // A request that is overdue has its outcome already.
  group.for_each([&](WriteRequest& request) {
    if (request.outcome) resolver_.expect(request.batch);
  });
  const uint64_t now_ms = with_.log_time.stamp();
  group.for_each([&](WriteRequest& request) {
    if (request.outcome) request.outcome = resolver_.resolve(request.batch, now_ms);
  });
  return resolver_.payloads();
}

Status GroupCommit::make_durable(const WriteGroup& group,
                                 std::span<const std::string_view> payloads) {
  const Status reserved =
      or_out_of_memory([&] { return with_.reserve.ensure(resolver_.next_sequence() - 1); });
  if (!reserved) {
    if (reserved.code() != StatusCode::OUT_OF_MEMORY) {
      with_.errors.report("reserving sequence numbers", reserved);
    }
    return reserved;
  }
  if (with_.wal == nullptr) return Status::ok();
  if (!payloads.empty()) KVHOST_TRY(with_.wal->append_group(payloads));
  // A batch without effects has seen a state that may not be durable yet: its sync counts, too.
  bool must_sync = always_syncs_;
  if (!must_sync) {
    group.for_each([&](const WriteRequest& request) { must_sync |= request.sync; });
  }
  return must_sync ? with_.wal->sync() : Status::ok();
}

void GroupCommit::publish(std::span<const std::string_view> payloads,
                          const BatchResolver& resolver) noexcept {
  MemtableUnit& unit = with_.memtables.active();
  last_group_bytes_ = 0;
  for (const std::string_view payload : payloads) {
    const auto inserted = insert_payload(payload, unit);
    KVHOST_ASSERT(inserted.has_value(), "the resolver's payloads are well formed");
    last_group_bytes_ += payload.size();
  }
  with_.visible.store(resolver.next_sequence() - 1, std::memory_order_release);
}

void GroupCommit::count_outcomes(const WriteGroup& group, const OperationCounts& counts) {
  StatisticsCounters& counters = with_.counters;
  counters.puts.add(counts.puts);
  counters.deletes.add(counts.deletes);
  counters.range_deletes.add(counts.range_deletes);
  counters.increments.add(counts.increments);
  counters.user_bytes_written.add(counts.user_bytes);
  uint64_t batches = 0;
  uint64_t failures = 0;
  group.for_each([&](const WriteRequest& request) {
    ++batches;
    if (request.outcome && request.outcome->outcome.code() == StatusCode::CONDITION_FAILED) {
      ++failures;
    }
  });
  counters.batches.add(batches);
  counters.condition_failures.add(failures);
}

Result<WriteResult> GroupCommit::apply(const ReplicationPosition& position,
                                       const OrderedBatch& batch) {
  BatchResolver& resolver = ordered_resolver_;
  resolver.begin_group(with_.visible.load(std::memory_order_relaxed) + 1);
  resolver.expect(batch.bytes);
  const uint64_t now_ms = with_.log_time.advance_to(batch.now_ms);
  Result<WriteResult> resolved = resolver.resolve(batch.bytes, now_ms);
  if (!resolved) {
    // Every replica finds the same fault in the batch; a failed read is this node's alone.
    if (check_well_formed(batch.bytes).is_ok()) return resolved;
    WriteResult refused;
    refused.outcome = resolved.error();
    refused.version = resolver.next_sequence() - 1;
    refused.now_ms = now_ms;
    resolved = std::move(refused);
  }
  MemtableUnit& unit = with_.memtables.active();
  unit.position = position;
  unit.has_position = true;
  unit.last_now_ms = now_ms;
  publish(resolver.payloads(), resolver);

  const OperationCounts& counts = resolver.counts();
  with_.counters.puts.add(counts.puts);
  with_.counters.deletes.add(counts.deletes);
  with_.counters.range_deletes.add(counts.range_deletes);
  with_.counters.increments.add(counts.increments);
  with_.counters.user_bytes_written.add(counts.user_bytes);
  with_.counters.batches.add(1);
  with_.counters.condition_failures.add(
      resolved->outcome.code() == StatusCode::CONDITION_FAILED ? 1 : 0);
  return resolved;
}

void GroupCommit::switch_memtable() {
  if (with_.memtables.active().is_untouched()) return;
  LogPosition log_end;
  if (with_.wal != nullptr) {
    // After a failed sync the log beyond its durable end counts for nothing.
    const LogWriter& log = with_.wal->writer();
    log_end = with_.errors.is_hard() ? log.durable_position() : log.end_position();
  }
  with_.memtables.switch_active(log_end);
}

}  // namespace kvhost::engine
