#include "store/identified_write.hpp"

#include <new>
#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "store/batch_encoder.hpp"

namespace kvhost::host {

using engine::Expiry;

namespace {

// A refusal that would promise "not executed" is wrong where the first attempt was executed.
WriteOutcome unknown(std::string text) {
  return WriteOutcome::of(Status(StatusCode::OUTCOME_UNKNOWN, std::move(text)));
}

}  // namespace

IdentifiedWrite::IdentifiedWrite(StoreCore& core, const kvh_call& call, const WriteInput& input,
                                 const PendingFacts& facts, ByteReservation bytes,
                                 kvh_result_sink sink)
    : PendingWrite(core, facts, std::move(bytes), sink),
      core_(core),
      call_(call),
      id_(detail::to_view(call.request_id)),
      ops_(static_cast<uint32_t>(input.op_count)),
      conditions_(static_cast<uint32_t>(input.condition_count)) {
  encode_write(call.space, input, batch_);
  fingerprint_ = fingerprint_of(batch_.bytes());
  RequestRecord record;
  const bool has_answers = has_own_answers(input);
  record.state = has_answers ? RecordState::kAppended : RecordState::kComplete;
  record.fingerprint = fingerprint_;
  record.ops = ops_;
  batch_.require_absent(kRequestIdSpace, id_);
  batch_.put(kRequestIdSpace, id_, encode_record(record),
             Expiry::after_ms(static_cast<uint64_t>(core.settings.request_id_ttl.count())),
             has_answers ? engine::kAppendAnswers : uint8_t{0});
  call_.trace = {};
  call_.request_id = detail::to_bytes(id_);
}

Status IdentifiedWrite::start(StoreCore& core, const kvh_call& call, const WriteInput& input,
                              const PendingFacts& facts, ByteReservation bytes,
                              kvh_result_sink sink) {
  const auto write = CallRef<IdentifiedWrite>::adopt(
      new IdentifiedWrite(core, call, input, facts, std::move(bytes), sink));
  KVHOST_TRY(core.pending.add(*write));
  try {
    if (core.ids->begin(write->id_, [write] { return write->begin_turn(); })) {
      if (!write->begin_turn()) core.ids->pass_on(write->id_);
    }
  } catch (const std::bad_alloc&) {
    const Status failure(StatusCode::OUT_OF_MEMORY, {});
    if (!write->take()) return {};
    write->withdraw();
    return failure;
  }
  return {};
}

bool IdentifiedWrite::begin_turn() {
  if (is_taken()) return false;
  core_.work.enter();
  submit(core_, call_, batch_);
  return true;
}

void IdentifiedWrite::end_turn() {
  StoreCore& core = core_;
  core.ids->pass_on(id_);
  core.work.leave();
}

void IdentifiedWrite::on_outcome(WriteOutcome outcome) noexcept {
  const auto self = CallRef<IdentifiedWrite>::adopt(this);
  try {
    applied(std::move(outcome));
    return;
  } catch (const std::bad_alloc&) {
    deliver(WriteOutcome::of(
        Status(StatusCode::OUTCOME_UNKNOWN, "memory for the answer could not be had")));
  }
  end_turn();
}

bool IdentifiedWrite::is_duplicate(const WriteOutcome& outcome) const {
  if (outcome.status.code() != StatusCode::CONDITION_FAILED) return false;
  for (const auto& failed : outcome.failed) {
    if (failed.index == conditions_) return true;
  }
  return false;
}

void IdentifiedWrite::applied(WriteOutcome outcome) {
  if (is_duplicate(outcome)) {
    core_.counters->duplicate_requests.fetch_add(1, std::memory_order_relaxed);
    return answer_when_applied(outcome.index);
  }
  if (outcome.status.is_ok() && outcome.items.size() == uint64_t{ops_} + 1) {
    outcome.items.pop_back();
    outcome.version = outcome.items.back().version;
    core_.id_sweep.stored(core_);
  }
  deliver(outcome);
  end_turn();
}

WriteOutcome IdentifiedWrite::recorded(const engine::GetResult& got) const {
  if (!got.found()) {
    return unknown("the request with this id was carried out before, but its record has expired");
  }
  const auto record = decode_record(got.value.view());
  if (!record) return WriteOutcome::of(record.error());
  if (record->fingerprint != fingerprint_) {
    return WriteOutcome::of(Status(
        StatusCode::CONFLICT, "the request id \"" + id_ + "\" was used before by another request"));
  }
  if (record->state == RecordState::kAnswersFollow) {
    return unknown(
        "the request with this id was carried out before, once, but its answers were lost when "
        "the node went down");
  }
  WriteOutcome outcome = outcome_of(*record, got.version);
  outcome.now_ms = core_.engine.load(std::memory_order_acquire)->now_ms();
  return outcome;
}

// The leader may have decided on a record that this node has still to apply.
void IdentifiedWrite::answer_when_applied(uint64_t index) {
  if (core_.ordering == nullptr) return answer_from_record(true);
  ref();
  core_.ordering->when_applied(index, [this] {
    const auto self = CallRef<IdentifiedWrite>::adopt(this);
    answer_from_record(true);
  });
}

void IdentifiedWrite::answer_from_record(bool memory_only) noexcept {
  WriteOutcome answer;
  try {
    engine::ReadOptions options;
    options.memory_only = memory_only;
    const auto got =
        core_.engine.load(std::memory_order_acquire)->get(options, kRequestIdSpace, id_);
    if (got && got->outcome == engine::Lookup::kNeedsDisk) {
      ref();
      const Status posted = core_.post(
          KVH_LANE_READ, core_.work,
          [](void* ctx) noexcept {
            const auto self = CallRef<IdentifiedWrite>::adopt(static_cast<IdentifiedWrite*>(ctx));
            StoreCore& core = self->core_;
            self->answer_from_record(false);
            core.work.leave();
          },
          this);
      if (posted.is_ok()) return;
      unref();
      answer = unknown("the request with this id was carried out before; " + posted.message());
    } else {
      answer = got ? recorded(*got) : WriteOutcome::of(got.error());
    }
  } catch (const std::bad_alloc&) {
    answer = unknown("the request with this id was carried out before; memory is out");
  }
  deliver(answer);
  end_turn();
}

}  // namespace kvhost::host
