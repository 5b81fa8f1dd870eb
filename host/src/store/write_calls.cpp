// kvh_store.write: checks, encodes and hands over. What the engine can carry out at once is
// answered inside the call; else the answer comes on the engine's or the strategy's thread.
#include <new>
#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "store/batch_encoder.hpp"
#include "store/identified_write.hpp"
#include "store/pending_write.hpp"

namespace kvhost::host {
namespace {

// The engine refuses what waits past its deadline, which is the better answer: it is given the time
// to say so.
constexpr uint64_t kGraceNs = 20'000'000;
// What a write costs beside its bytes.
constexpr uint64_t kWriteOverheadBytes = 256;

// Counts `bytes` as under way, or refuses.
Result<ByteReservation> reserve_bytes(StoreCore& core, uint64_t bytes) {
  const uint64_t before =
      core.counters->in_flight_write_bytes.fetch_add(bytes, std::memory_order_relaxed);
  ByteReservation reservation(core.counters, bytes);
  if (before == 0 || before + bytes <= core.settings.max_in_flight_write_bytes) return reservation;
  return Status(StatusCode::OVERLOADED,
                std::to_string(before) + " bytes of writes are under way; the limit is " +
                    std::to_string(core.settings.max_in_flight_write_bytes) + " bytes");
}

struct WriteRequestFacts {
  const kvh_call& call;
  const WriteInput& input;
  uint64_t bytes = 0;
  PendingFacts facts;
  kvh_result_sink sink{};
};

// The answer of a write that the engine could carry out at once. What fails after that must not
// look like a write that did not happen.
Status tell(const Result<engine::WriteResult>& result, kvh_result_sink sink) {
  try {
    const WriteOutcome outcome =
        result ? WriteOutcome::of(*result) : WriteOutcome::of(result.error());
    outcome.tell(sink);
    return outcome.status;
  } catch (const std::bad_alloc&) {
    return {StatusCode::OUTCOME_UNKNOWN, "memory ran out between a write and its answer"};
  }
}

// OK: the write is done or, with `is_pending`, under way.
Status go(StoreCore& core, const WriteRequestFacts& request, bool& is_pending) {
  const bool is_identified = request.call.request_id.size != 0 && request.input.op_count != 0;
  BatchLease batch;
  if (!is_identified) {
    encode_write(request.call.space, request.input, *batch);
    if (core.ordering == nullptr) {
      const auto done = core.engine.load(std::memory_order_acquire)->try_write(*batch);
      if (done) return tell(*done, request.sink);
    }
  }
  is_pending = true;
  KVHOST_TRY_ASSIGN(ByteReservation reservation, reserve_bytes(core, request.bytes));
  if (is_identified) {
    return IdentifiedWrite::start(core, request.call, request.input, request.facts,
                                  std::move(reservation), request.sink);
  }
  const auto write = CallRef<PendingWrite>::adopt(
      new PendingWrite(core, request.facts, std::move(reservation), request.sink));
  KVHOST_TRY(core.pending.add(*write));
  write->submit(core, request.call, *batch);
  return {};
}

}  // namespace

Status PendingWrite::abandoned(Abandon why) const {
  switch (why) {
    case Abandon::kDeadline:
      return {StatusCode::OUTCOME_UNKNOWN, "the deadline passed while the write was under way"};
    case Abandon::kCancelled:
      return {StatusCode::OUTCOME_UNKNOWN, "the caller withdrew the write while it was under way"};
    default:
      return {StatusCode::OUTCOME_UNKNOWN, "the node stopped while the write was under way"};
  }
}

void PendingWrite::submit(StoreCore& core, const kvh_call& call, const engine::WriteBatch& batch) {
  ref();
  try {
    core.submit(call, batch, *this);
  } catch (const std::bad_alloc&) {
    on_outcome(WriteOutcome::of(Status(StatusCode::OUT_OF_MEMORY, {})));
  }
}

void PendingWrite::on_outcome(WriteOutcome outcome) noexcept {
  const auto self = CallRef<PendingWrite>::adopt(this);
  deliver(outcome);
}

void PendingWrite::deliver(const WriteOutcome& outcome) {
  if (!take()) return;
  outcome.tell(sink_);
  finish(outcome.status);
}

int32_t start_write(StoreCore& core, const kvh_call* call, const WriteInput& input,
                    kvh_result_sink sink, kvh_done done, kvh_error* error) {
  CallTime time;
  uint64_t bytes = 0;
  RequestKind kind = RequestKind::kBatch;
  const auto admitted = [&]() -> Status {
    KVHOST_TRY(core.admit(call, time));
    KVHOST_TRY_ASSIGN(bytes, check_write(core.settings, input));
    kind = kind_of(input);
    bytes += kWriteOverheadBytes;
    return {};
  };
  if (const Status status = admitted(); !status.is_ok()) {
    return core.answer(kind, time.started_ns, status, error);
  }
  count_operations(input, *core.counters);
  kvh_call timed = *call;
  timed.deadline_ns = time.deadline_ns;
  const PendingFacts facts{
      kind, call->session, call->token, time.deadline_ns + kGraceNs, time.started_ns, done};
  bool is_pending = false;
  const Status status = go(core, {timed, input, bytes, facts, sink}, is_pending);
  if (status.is_ok() && is_pending) return KVH_PENDING;
  return core.answer(kind, time.started_ns, status, error);
}

}  // namespace kvhost::host
