#include "adapters/replication_adapter.hpp"

#include <new>
#include <optional>
#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "plugin/open_calls.hpp"
#include "plugin/plugin_words.hpp"

namespace kvhost::host {
namespace {

// The words of a failure, with the strategy's name.
Status words_of(const std::string& strategy, int32_t code, const kvh_error* error) {
  const Status status = plugin_words(code, error);
  if (!error_text(error).empty() || status.is_ok()) return status;
  return status.with_context("replication strategy " + strategy);
}

// Whether a result can be read: it and its lists have the sizes that they say.
bool is_readable(const kvh_result& result) {
  if (!KVH_COVERS(&result, kvh_result, failed_stride)) return false;
  const bool has_items = result.item_count == 0 ||
                         (result.items != nullptr && result.item_stride >= sizeof(kvh_op_result));
  return has_items &&
         (result.failed_count == 0 ||
          (result.failed != nullptr && result.failed_stride >= sizeof(kvh_failed_condition)));
}

WriteOutcome outcome_of(const std::string& strategy, Status status, const kvh_result* result) {
  if (result == nullptr || is_readable(*result)) return WriteOutcome::of(std::move(status), result);
  if (!status.is_ok()) return WriteOutcome::of(std::move(status));
  return WriteOutcome::of(
      Status(StatusCode::OUTCOME_UNKNOWN, "replication strategy " + strategy +
                                              ": the result of a write cannot be read, its sizes "
                                              "are wrong; this is a bug of the plugin"));
}

// A client that is sent elsewhere is told where, whatever the strategy's own words are.
Status with_leader(const ReplicationAdapter& adapter, Status status) {
  if (status.code() != StatusCode::NOT_LEADER) return status;
  const bool is_told = status.message().find("://") != std::string::npos;
  const auto leader = is_told ? std::nullopt : adapter.leader_hint();
  if (!leader) return status;
  return {StatusCode::NOT_LEADER, status.message() + "; the leader is " + *leader};
}

struct Proposal {
  const CallOwner* owner;
  Ordering::ProposalDone done;
  const std::string& strategy;
  const ReplicationAdapter& adapter;
  std::optional<WriteOutcome> outcome;

  static void on_result(void* ctx, uint64_t offset, int32_t code, const kvh_result* result,
                        const kvh_error* error) noexcept {
    detail::swallowed([&] {
      if (offset != 0) return;
      const bool is_open = OpenCalls<Proposal>::instance().with(ctx, [&](Proposal& mine) {
        mine.outcome = outcome_of(mine.strategy, words_of(mine.strategy, code, error), result);
      });
      if (!is_open) CallOwner::tell_late_end(ctx);
    });
  }
  static void on_done(void* ctx, int32_t code, const kvh_error* error) noexcept {
    detail::swallowed([&] {
      const auto mine = OpenCalls<Proposal>::instance().take(ctx);
      if (mine == nullptr) return CallOwner::tell_late_end(ctx);
      mine->finish(words_of(mine->strategy, code, error));
    });
  }
  void finish(const Status& status) {
    if (!status.is_ok()) return done(WriteOutcome::of(with_leader(adapter, status)));
    if (outcome) {
      outcome->status = with_leader(adapter, std::move(outcome->status));
      return done(std::move(*outcome));
    }
    done(WriteOutcome::of(Status(
        StatusCode::OUTCOME_UNKNOWN,
        "the replication strategy " + strategy + " completed a proposal without its result")));
  }
};

struct Barrier {
  const CallOwner* owner;
  Ordering::BarrierDone done;
  const std::string& strategy;
  const ReplicationAdapter& adapter;
  StateMachine& machine;
  std::optional<kvh_barrier> granted;

  static void on_granted(void* ctx, const kvh_barrier* barrier) noexcept {
    detail::swallowed([&] {
      if (barrier == nullptr || !KVH_COVERS(barrier, kvh_barrier, now_ms)) return;
      const bool is_open =
          OpenCalls<Barrier>::instance().with(ctx, [&](Barrier& mine) { mine.granted = *barrier; });
      if (!is_open) CallOwner::tell_late_end(ctx);
    });
  }
  static void on_done(void* ctx, int32_t code, const kvh_error* error) noexcept {
    detail::swallowed([&] {
      auto mine = OpenCalls<Barrier>::instance().take(ctx);
      if (mine == nullptr) return CallOwner::tell_late_end(ctx);
      finish(std::move(mine), code, error);
    });
  }
  static void finish(std::unique_ptr<Barrier> mine, int32_t code, const kvh_error* error) {
    if (code != KVH_OK) {
      return mine->done(with_leader(mine->adapter, words_of(mine->strategy, code, error)));
    }
    if (!mine->granted) {
      return mine->done(
          Status(StatusCode::PLUGIN_ERROR, "the replication strategy " + mine->strategy +
                                               " granted a read without saying from which index"));
    }
    const uint64_t index = mine->granted->index;
    StateMachine& state = mine->machine;
    const std::shared_ptr<Barrier> shared(std::move(mine));
    state.when_applied(index, [shared, index] {
      if (shared->machine.applied_index() < index) {
        return shared->done(Status(StatusCode::DRAINING, "the replication strategy has stopped"));
      }
      shared->done(ReadBarrier{shared->granted->now_ms});
    });
  }
};

struct Command {
  const CallOwner* owner;
  Ordering::CommandDone done;
  const std::string& strategy;
  std::string answer;

  static void on_done(void* ctx, int32_t code, const kvh_error* error) noexcept {
    detail::swallowed([&] {
      const auto mine = OpenCalls<Command>::instance().take(ctx);
      if (mine == nullptr) return CallOwner::tell_late_end(ctx);
      if (code != KVH_OK) return mine->done(words_of(mine->strategy, code, error));
      mine->done(std::move(mine->answer));
    });
  }
  static int32_t on_answer(void* ctx, kvh_bytes piece) noexcept {
    return detail::guarded(nullptr, "command", [&]() -> int32_t {
      OpenCalls<Command>::instance().with(
          ctx, [&](Command& mine) { mine.answer.append(detail::to_view(piece)); });
      return KVH_OK;
    });
  }
};

// Ends a call that the strategy answered at once, as its `done` would have.
template <typename Call>
void complete_unless_pending(void* call, int32_t code, const kvh_error& error) {
  if (code != KVH_PENDING) Call::on_done(call, code, &error);
}

template <typename Call>
void* open_call(Call call) {
  return OpenCalls<Call>::instance().add(std::make_unique<Call>(std::move(call)));
}

}  // namespace

ReplicationAdapter::ReplicationAdapter(const kvh_replication* table, void* self, std::string name,
                                       engine::Engine& engine, StatePlace place,
                                       std::shared_ptr<CallOwner> calls)
    : table_(table),
      self_(self),
      name_(std::move(name)),
      calls_(calls != nullptr ? std::move(calls) : CallOwner::make()),
      state_machine_(std::make_unique<StateMachine>(engine, name_, std::move(place),
                                                    (table->traits(self) & KVH_TRAIT_OWN_LOG) != 0
                                                        ? StateMachine::LogKeeper::kStrategy
                                                        : StateMachine::LogKeeper::kEngine)) {}

ReplicationAdapter::~ReplicationAdapter() { stopped(); }

Status ReplicationAdapter::attach() {
  kvh_error error = detail::make_error();
  const int32_t code = table_->attach(self_, state_machine_->table(), &error);
  return plugin_words(code, &error).with_context("replication strategy " + name_);
}

void ReplicationAdapter::stopped() {
  state_machine_->detach();
  // What a faulty strategy has never ended. What it ends from now on reaches nobody.
  const std::string words =
      "the replication strategy " + name_ + " has stopped without ending this";
  const Status lost{StatusCode::OUTCOME_UNKNOWN, words};
  for (auto& call : OpenCalls<Proposal>::instance().take_all_of(calls_.get())) call->finish(lost);
  for (auto& call : OpenCalls<Barrier>::instance().take_all_of(calls_.get())) {
    call->done(Status(StatusCode::DRAINING, words));
  }
  for (auto& call : OpenCalls<Command>::instance().take_all_of(calls_.get())) call->done(lost);
}

uint64_t ReplicationAdapter::traits() const { return table_->traits(self_); }

void ReplicationAdapter::propose(const kvh_call& call, std::string_view batch, ProposalDone done) {
  void* const proposal =
      open_call(Proposal{calls_.get(), std::move(done), name_, *this, std::nullopt});
  const kvh_bytes bytes = detail::to_bytes(batch);
  kvh_error error = detail::make_error();
  const int32_t code = table_->propose(self_, &call, &bytes, 1, {&Proposal::on_result, proposal},
                                       {&Proposal::on_done, proposal}, &error);
  complete_unless_pending<Proposal>(proposal, code, error);
}

void ReplicationAdapter::read_barrier(const kvh_call& call, BarrierDone done) {
  void* const barrier = open_call(
      Barrier{calls_.get(), std::move(done), name_, *this, *state_machine_, std::nullopt});
  kvh_error error = detail::make_error();
  const int32_t code = table_->read_barrier(self_, &call, {&Barrier::on_granted, barrier},
                                            {&Barrier::on_done, barrier}, &error);
  complete_unless_pending<Barrier>(barrier, code, error);
}

std::optional<std::string> ReplicationAdapter::leader_hint() const {
  std::string hint;
  if (KVH_HAS(table_, kvh_replication, leader_hint) &&
      table_->leader_hint(self_, detail::string_sink(hint)) == KVH_OK && !hint.empty()) {
    return hint;
  }
  hint = state_machine_->leader_advertise();
  if (hint.empty()) return std::nullopt;
  return hint;
}

ReplicaFacts ReplicationAdapter::facts() const {
  const StateTransfer::Counts transfers = state_machine_->transfers();
  return {state_machine_->role(),          state_machine_->applied_index(),
          state_machine_->durable_index(), transfers.checkpoints_opened,
          transfers.checkpoint_bytes_read, transfers.installs_begun,
          transfers.installs_committed,    transfers.install_bytes_written};
}

std::string ReplicationAdapter::status() const {
  std::string text;
  if (!KVH_HAS(table_, kvh_replication, status) ||
      table_->status(self_, detail::string_sink(text)) != KVH_OK || text.empty()) {
    return "{}";
  }
  return text;
}

void ReplicationAdapter::command(const kvh_call& call, std::string_view name,
                                 std::string_view arguments, CommandDone done) {
  if (!KVH_HAS(table_, kvh_replication, command)) {
    done(Status(StatusCode::NOT_SUPPORTED,
                "the replication strategy " + name_ + " has no commands"));
    return;
  }
  void* const command = open_call(Command{calls_.get(), std::move(done), name_, {}});
  kvh_error error = detail::make_error();
  const int32_t code =
      table_->command(self_, &call, detail::to_bytes(name), detail::to_bytes(arguments),
                      {&Command::on_answer, command}, {&Command::on_done, command}, &error);
  complete_unless_pending<Command>(command, code, error);
}

}  // namespace kvhost::host
