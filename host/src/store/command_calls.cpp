// kvh_store.command: runs on the background lane; what begins with kClusterPrefix at the strategy,
// whose thread it is then.
#include <new>
#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "store/admin_commands.hpp"
#include "store/digest_command.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

using detail::to_view;

// What a strategy may take for a command, where the caller does not say.
constexpr uint64_t kClusterPatienceNs = 60'000'000'000;

bool is_for_cluster(const StoreCore& core, std::string_view name) {
  return core.ordering != nullptr && name.starts_with(kClusterPrefix);
}

class PendingCommand final : public PendingCall {
 public:
  PendingCommand(StoreCore& core, const PendingFacts& facts, const kvh_call& call,
                 std::string_view name, std::string_view arguments, kvh_bytes_sink sink)
      : PendingCall(core.pending, facts),
        core_(core),
        call_(call),
        name_(name),
        arguments_(arguments),
        sink_(sink) {
    if (call_.deadline_ns == 0) call_.deadline_ns = monotonic_ns() + kClusterPatienceNs;
    call_.request_id = {};
    call_.trace = {};
  }

  Status abandoned(Abandon why) const override {
    const char* reason = why == Abandon::kDeadline    ? "the deadline passed"
                         : why == Abandon::kCancelled ? "the caller did not wait"
                                                      : "the node stopped";
    return {StatusCode::OUTCOME_UNKNOWN,
            name_ + ": " + reason + "; what was begun goes on in the background"};
  }
  Status go_to_lane() {
    ref();
    const Status posted = core_.post(
        KVH_LANE_BACKGROUND, core_.commands,
        [](void* ctx) noexcept {
          const auto self = CallRef<PendingCommand>::adopt(static_cast<PendingCommand*>(ctx));
          StoreCore& core = self->core_;
          if (!self->is_taken()) self->run();
          core.commands.leave();
        },
        this);
    if (!posted.is_ok()) unref();
    return posted;
  }

 private:
  void complete(const Result<std::string>& answer) {
    if (!take()) return;
    if (answer) detail::send(sink_, *answer);
    finish(answer.status());
  }
  void run() noexcept {
    try {
      if (is_for_cluster(core_, name_)) return run_cluster_command();
      engine::Engine* const engine = core_.engine.load(std::memory_order_acquire);
      complete(engine == nullptr ? Result<std::string>(core_.check_serving())
                                 : run_admin_command({*engine, core_}, name_, arguments_));
    } catch (const std::exception& thrown) {
      if (take()) finish(Status(StatusCode::INTERNAL, name_ + ": " + thrown.what()));
    }
  }

  void run_cluster_command() {
    const std::string_view name = std::string_view(name_).substr(kClusterPrefix.size());
    if (name == kDigestCommand) return complete(run_digest_command(*core_.ordering, arguments_));
    ref();
    core_.work.enter();
    core_.ordering->command(call_, name, arguments_, [this](const Result<std::string>& answer) {
      const auto self = CallRef<PendingCommand>::adopt(this);
      StoreCore& core = core_;
      complete(answer);
      core.work.leave();
    });
  }

  StoreCore& core_;
  kvh_call call_;
  const std::string name_;
  const std::string arguments_;
  const kvh_bytes_sink sink_;
};

Status go(StoreCore& core, const CallRef<PendingCommand>& command) {
  KVHOST_TRY(core.pending.add(*command));
  Status failure;
  try {
    failure = command->go_to_lane();
  } catch (const std::bad_alloc&) {
    failure = Status(StatusCode::OUT_OF_MEMORY, {});
  }
  if (failure.is_ok() || !command->take()) return {};
  command->withdraw();
  return failure;
}

}  // namespace

int32_t start_command(StoreCore& core, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                      kvh_bytes_sink sink, kvh_done done, kvh_error* error) {
  CallTime time;
  const auto admitted = [&]() -> Status {
    KVHOST_TRY(core.admit(call, time));
    if (!is_for_cluster(core, to_view(name)) && !is_admin_command(to_view(name))) {
      return unknown_command(to_view(name), core.ordering != nullptr);
    }
    constexpr uint64_t kMaxArgumentBytes = 1 << 20;
    if (arguments.size <= kMaxArgumentBytes) return {};
    return {StatusCode::TOO_LARGE, "arguments of " + std::to_string(arguments.size) +
                                       " bytes; the limit is " + std::to_string(kMaxArgumentBytes) +
                                       " bytes"};
  };
  Status status = admitted();
  if (status.is_ok()) {
    // A command takes as long as it takes, unless the caller says otherwise.
    const uint64_t deadline = call->deadline_ns == 0 ? UINT64_MAX : call->deadline_ns;
    const PendingFacts facts{RequestKind::kCommand, call->session, call->token, deadline,
                             time.started_ns,       done};
    const auto command = CallRef<PendingCommand>::adopt(
        new PendingCommand(core, facts, *call, to_view(name), to_view(arguments), sink));
    status = go(core, command);
    if (status.is_ok()) return KVH_PENDING;
  }
  return core.answer(RequestKind::kCommand, time.started_ns, status, error);
}

}  // namespace kvhost::host
