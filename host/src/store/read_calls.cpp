// kvh_store.read: what memory holds is answered inside the call; the rest goes to the read lane.
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "store/entry_ttl.hpp"
#include "store/request_checks.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

using detail::to_bytes;
using detail::to_view;
using engine::GetResult;
using engine::KeyRef;
using engine::Lookup;

RequestKind kind_of_read(uint64_t count) {
  return count == 1 ? RequestKind::kGet : RequestKind::kMultiGet;
}

kvh_entry to_entry(std::string_view key, const GetResult& got, uint64_t now_ms) {
  kvh_entry entry{};
  entry.size = sizeof(kvh_entry);
  entry.key = to_bytes(key);
  if (!got.found()) return entry;
  entry.lookup = KVH_LOOKUP_FOUND;
  entry.value = to_bytes(got.value.view());
  entry.version = got.version;
  entry.expires_at_ms = got.expires_at_ms;
  entry.ttl_ms = ttl_left_ms(got.expires_at_ms, now_ms);
  return entry;
}

// Of the values that one read may ask for together.
constexpr uint64_t kMaxAnswerBytes = uint64_t{256} << 20;

// The state that a read looks at.
struct ReadView {
  engine::Engine* engine = nullptr;
  uint32_t space = 0;
  const engine::Snapshot* snapshot = nullptr;
  uint64_t now_ms = 0;  // 0: log time

  engine::ReadOptions options(bool memory_only) const {
    return {snapshot, memory_only, true, now_ms};
  }
  uint64_t time() const { return now_ms != 0 ? now_ms : engine->now_ms(); }
};

enum class Step : uint8_t {
  kAnswered,  // the sink is filled; whoever asked completes the call
  kDropped,   // somebody else has completed the call
  kNeedsDisk,
};

// `call` is null while the call is answered where it was made.
Result<Step> read_one(const ReadView& view, std::string_view key, bool memory_only,
                      kvh_entry_sink sink, PendingCall* call) {
  KVHOST_TRY_ASSIGN(const GetResult got,
                    view.engine->get(view.options(memory_only), view.space, key));
  if (got.outcome == Lookup::kNeedsDisk) return Step::kNeedsDisk;
  const kvh_entry entry = to_entry(key, got, got.expires_at_ms == 0 ? 0 : view.time());
  if (call != nullptr && !call->take()) return Step::kDropped;
  sink.fn(sink.ctx, &entry, 1, sizeof entry);
  return Step::kAnswered;
}

Result<Step> read_many(const ReadView& view, std::span<const KeyRef> keys, bool memory_only,
                       kvh_entry_sink sink, PendingCall* call) {
  engine::ReadOptions options = view.options(memory_only);
  options.max_bytes = kMaxAnswerBytes;
  KVHOST_TRY_ASSIGN(const std::vector<GetResult> got, view.engine->multi_get(options, keys));
  for (const auto& each : got) {
    if (each.outcome == Lookup::kNeedsDisk) return Step::kNeedsDisk;
  }
  std::vector<kvh_entry> entries;
  entries.reserve(keys.size());
  const uint64_t now_ms = view.time();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    entries.push_back(to_entry(keys[i].key, got[i], now_ms));
  }
  if (call != nullptr && !call->take()) return Step::kDropped;
  if (!entries.empty()) sink.fn(sink.ctx, entries.data(), entries.size(), sizeof(kvh_entry));
  return Step::kAnswered;
}

std::vector<KeyRef> to_refs(uint32_t space, const kvh_bytes* keys, uint64_t count) {
  std::vector<KeyRef> refs;
  refs.reserve(count);
  for (uint64_t i = 0; i < count; ++i) refs.push_back({space, to_view(keys[i])});
  return refs;
}

// A read that waits for a barrier or for the disk. Owns copies of its keys.
class PendingRead final : public PendingCall {
 public:
  PendingRead(StoreCore& core, const PendingFacts& facts, const kvh_call& call, uint32_t level,
              const kvh_bytes* keys, uint64_t count, SessionTable::SnapshotRef snapshot,
              kvh_entry_sink sink)
      : PendingCall(core.pending, facts),
        core_(core),
        call_(call),
        snapshot_(std::move(snapshot)),
        sink_(sink) {
    call_.deadline_ns = facts.deadline_ns;
    call_.read_level = level;
    call_.request_id = {};
    view_ = {core.engine.load(std::memory_order_acquire), call.space, snapshot_.get(), 0};
    copy_keys(keys, count);
  }

  Status abandoned(Abandon why) const override {
    if (why == Abandon::kDeadline) {
      return {StatusCode::DEADLINE_EXCEEDED, "the read did not come to its end in time"};
    }
    if (why == Abandon::kCancelled) return {StatusCode::CANCELLED, "the caller withdrew the read"};
    return {StatusCode::DRAINING, "the node stopped before the read came to its end"};
  }

  void wait_for_barrier(const CallRef<PendingRead>& self) {
    Ordering::BarrierDone then = [self](const Result<ReadBarrier>& barrier) {
      StoreCore& core = self->core_;
      self->after_barrier(barrier);
      core.work.leave();
    };
    core_.work.enter();
    core_.ordering->read_barrier(call_, std::move(then));
    // What it points to is borrowed until here.
    call_.trace = {};
  }
  // A failure is the caller's to answer.
  Status go_to_lane() {
    ref();
    const Status posted = core_.post(
        KVH_LANE_READ, core_.work,
        [](void* ctx) noexcept {
          const auto self = CallRef<PendingRead>::adopt(static_cast<PendingRead*>(ctx));
          StoreCore& core = self->core_;
          self->run(false);
          core.work.leave();
        },
        this);
    if (!posted.is_ok()) unref();
    return posted;
  }

 private:
  void copy_keys(const kvh_bytes* keys, uint64_t count) {
    std::size_t total = 0;
    for (uint64_t i = 0; i < count; ++i) total += keys[i].size;
    bytes_.reserve(total);
    keys_.reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
      const std::size_t at = bytes_.size();
      bytes_.append(to_view(keys[i]));
      keys_.push_back({call_.space, std::string_view(bytes_).substr(at)});
    }
  }
  void after_barrier(const Result<ReadBarrier>& barrier) noexcept {
    if (!barrier) {
      if (take()) finish(barrier.error());
      return;
    }
    view_.now_ms = barrier->now_ms;
    run(true);
  }
  void run(bool memory_only) noexcept {
    Status failure;
    try {
      const Result<Step> step = keys_.size() == 1
                                    ? read_one(view_, keys_[0].key, memory_only, sink_, this)
                                    : read_many(view_, keys_, memory_only, sink_, this);
      if (step && *step == Step::kAnswered) return finish({});
      if (step && *step == Step::kDropped) return;
      failure = step ? go_to_lane() : step.error();
    } catch (const std::bad_alloc&) {
      failure = Status(StatusCode::OUT_OF_MEMORY, {});
    }
    if (!failure.is_ok() && take()) finish(failure);
  }

  StoreCore& core_;
  kvh_call call_;
  const SessionTable::SnapshotRef snapshot_;
  const kvh_entry_sink sink_;
  ReadView view_;
  std::string bytes_;
  std::vector<KeyRef> keys_;
};

// Makes the call pending and sets it going.
Status start_pending(StoreCore& core, const CallRef<PendingRead>& read, bool barrier) {
  KVHOST_TRY(core.pending.add(*read));
  Status failure;
  try {
    if (barrier) {
      read->wait_for_barrier(read);
    } else {
      failure = read->go_to_lane();
    }
  } catch (const std::bad_alloc&) {
    failure = Status(StatusCode::OUT_OF_MEMORY, {});
  }
  if (failure.is_ok() || !read->take()) return {};
  read->withdraw();
  return failure;
}

// KVH_PENDING as a code of no status: the call goes on.
int32_t go_pending(StoreCore& core, const PendingFacts& facts, const kvh_call& call, uint32_t level,
                   const kvh_bytes* keys, uint64_t count, SessionTable::SnapshotRef snapshot,
                   kvh_entry_sink sink, kvh_error* error) {
  const bool barrier = snapshot == nullptr && core.needs_barrier(level);
  const auto read = CallRef<PendingRead>::adopt(
      new PendingRead(core, facts, call, level, keys, count, std::move(snapshot), sink));
  const Status started = start_pending(core, read, barrier);
  return started.is_ok() ? KVH_PENDING : core.answer(facts.kind, facts.started_ns, started, error);
}

}  // namespace

int32_t start_read(StoreCore& core, const kvh_call* call, const kvh_bytes* keys, uint64_t count,
                   kvh_entry_sink sink, kvh_done done, kvh_error* error) {
  const RequestKind kind = kind_of_read(count);
  CallTime time;
  SessionTable::SnapshotRef snapshot;
  uint32_t level = KVH_READ_LOCAL;
  const auto admitted = [&]() -> Status {
    KVHOST_TRY(core.admit(call, time));
    KVHOST_TRY(check_read(core.settings, keys, count));
    if (call->snapshot != 0) {
      KVHOST_TRY_ASSIGN(snapshot, core.sessions.snapshot(call->session, call->snapshot));
    }
    KVHOST_TRY_ASSIGN(level, core.resolve_level(call->read_level));
    return {};
  };
  if (const Status status = admitted(); !status.is_ok()) {
    return core.answer(kind, time.started_ns, status, error);
  }
  core.counters->operations(OperationKind::kGet, count);
  if (snapshot != nullptr || !core.needs_barrier(level)) {
    const ReadView view{core.engine.load(std::memory_order_acquire), call->space, snapshot.get(),
                        0};
    const Result<Step> step =
        count == 1 ? read_one(view, to_view(keys[0]), true, sink, nullptr)
                   : read_many(view, to_refs(call->space, keys, count), true, sink, nullptr);
    if (!step || *step == Step::kAnswered) {
      return core.answer(kind, time.started_ns, step.status(), error);
    }
  }
  const PendingFacts facts{kind, call->session, call->token, time.deadline_ns, time.started_ns,
                           done};
  return go_pending(core, facts, *call, level, keys, count, std::move(snapshot), sink, error);
}

}  // namespace kvhost::host
