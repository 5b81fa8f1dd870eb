#include "store/store_core.hpp"

#include <algorithm>
#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "store/request_checks.hpp"

namespace kvhost::host {
namespace {

// Later than any clock will show, and far enough from the end of the numbers to be reckoned with.
constexpr uint64_t kLatestDeadlineNs = uint64_t{1} << 62;

}  // namespace

Status StoreCore::check_serving() const {
  switch (state.load(std::memory_order_acquire)) {
    case StoreState::kReady:
      return {};
    case StoreState::kStarting:
      return {StatusCode::STARTING, "the node is still opening its data"};
    default:
      return {StatusCode::DRAINING, "the node takes no new requests"};
  }
}

Status StoreCore::admit(const kvh_call* call, CallTime& time) const {
  time.started_ns = monotonic_ns();
  KVHOST_TRY(check_call(call));
  KVHOST_TRY(check_serving());
  KVHOST_TRY(sessions.check(call->session));
  time.deadline_ns =
      call->deadline_ns != 0
          ? std::min(call->deadline_ns, kLatestDeadlineNs)
          : time.started_ns + static_cast<uint64_t>(settings.request_timeout.count());
  if (time.deadline_ns <= time.started_ns) {
    return {StatusCode::DEADLINE_EXCEEDED, "the deadline had passed when the request arrived"};
  }
  return {};
}

int32_t StoreCore::answer(RequestKind kind, uint64_t started_ns, const Status& status,
                          kvh_error* error) const {
  counters->request_done(kind, static_cast<int32_t>(status.code()), monotonic_ns() - started_ns);
  return detail::write_status(error, status);
}

Result<uint32_t> StoreCore::resolve_level(uint32_t asked) const {
  if (ordering == nullptr) return uint32_t{KVH_READ_LOCAL};
  const uint64_t traits = ordering->traits();
  const bool linearizable = (traits & KVH_TRAIT_LINEARIZABLE) != 0;
  const bool leader = (traits & KVH_TRAIT_LEADER_READS) != 0;
  if (asked == KVH_READ_DEFAULT) {
    return linearizable ? KVH_READ_LINEARIZABLE : leader ? KVH_READ_LEADER : KVH_READ_LOCAL;
  }
  if ((asked == KVH_READ_LINEARIZABLE && !linearizable) || (asked == KVH_READ_LEADER && !leader)) {
    return Status(StatusCode::NOT_SUPPORTED,
                  "the replication strategy " + ordering->name() + " offers no " +
                      (asked == KVH_READ_LEADER ? "leader" : "linearizable") +
                      " reads; ask for level local, or for none");
  }
  return asked;
}

Status StoreCore::post(uint32_t lane, ActivityCount& count, ExecutorService::Task task, void* ctx) {
  count.enter();
  const int32_t code = executor.post(lane, task, ctx);
  if (code == KVH_OK) return {};
  count.leave();
  return {static_cast<StatusCode>(code), lane == KVH_LANE_READ
                                             ? "the queue of reads that wait for the disk is full"
                                             : "the queue of administrators' commands is full"};
}

void StoreCore::submit(const kvh_call& call, const engine::WriteBatch& batch,
                       OutcomeHandler& handler) {
  // One captured pointer: std::function keeps it without an allocation.
  OutcomeHandler* const receiver = &handler;
  if (ordering != nullptr) {
    ordering->propose(call, batch.bytes(), [receiver](WriteOutcome outcome) {
      receiver->on_outcome(std::move(outcome));
    });
    return;
  }
  engine::WriteOptions options;
  options.deadline_ns = call.deadline_ns;
  engine.load(std::memory_order_acquire)
      ->write_async(options, batch, [receiver](const Result<engine::WriteResult>& result) {
        receiver->on_outcome(result ? WriteOutcome::of(*result) : WriteOutcome::of(result.error()));
      });
}

}  // namespace kvhost::host
