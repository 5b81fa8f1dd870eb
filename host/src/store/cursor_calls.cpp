// kvh_store.snapshot_open, cursor_open and cursor_next: pages are read on the read lane, where they
// may wait for the disk.
#include <algorithm>
#include <new>
#include <utility>

#include "kvhost/detail/boundary.hpp"
#include "store/request_checks.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

using detail::to_view;

engine::Range to_range(uint32_t space, const kvh_range& range) {
  engine::Range made;
  made.space = space;
  made.start = to_view(range.start);
  if ((range.flags & KVH_RANGE_TO_END) == 0) made.end = std::string(to_view(range.end));
  return made;
}

class PendingPage final : public PendingCall {
 public:
  PendingPage(StoreCore& core, const PendingFacts& facts, SessionTable::CursorRef cursor,
              uint64_t max_rows, uint64_t max_bytes, kvh_entry_sink sink)
      : PendingCall(core.pending, facts),
        core_(core),
        cursor_(std::move(cursor)),
        max_rows_(max_rows),
        max_bytes_(max_bytes),
        sink_(sink) {}

  Status abandoned(Abandon why) const override {
    if (why == Abandon::kDeadline) {
      return {StatusCode::DEADLINE_EXCEEDED, "the page was not read in time"};
    }
    if (why == Abandon::kCancelled) return {StatusCode::CANCELLED, "the caller withdrew the scan"};
    return {StatusCode::DRAINING, "the node stopped before the page was read"};
  }

  // What a failure leaves is the caller's to answer.
  Status go_to_lane() {
    ref();
    const Status posted = core_.post(
        KVH_LANE_READ, core_.work,
        [](void* ctx) noexcept {
          const auto self = CallRef<PendingPage>::adopt(static_cast<PendingPage*>(ctx));
          StoreCore& core = self->core_;
          self->run();
          core.work.leave();
        },
        this);
    if (!posted.is_ok()) unref();
    return posted;
  }
  void wait_for_barrier(const CallRef<PendingPage>& self, const kvh_call& call) {
    Ordering::BarrierDone then = [self](const Result<ReadBarrier>& barrier) {
      StoreCore& core = self->core_;
      self->after_barrier(barrier);
      core.work.leave();
    };
    core_.work.enter();
    core_.ordering->read_barrier(call, std::move(then));
  }
  void release_cursor() { cursor_->end(); }
  // The cursor is free for the next call before this one completes.
  void give_up(const Status& failure) {
    cursor_->end();
    if (take()) finish(failure);
  }

 private:
  void after_barrier(const Result<ReadBarrier>& barrier) noexcept {
    if (!barrier) return give_up(barrier.error());
    now_ms_ = barrier->now_ms;
    if (const Status posted = go_to_lane(); !posted.is_ok()) give_up(posted);
  }
  Result<CursorPage> read() {
    engine::Engine& engine = *core_.engine.load(std::memory_order_acquire);
    if (!cursor_->is_open()) {
      engine::ReadOptions options;
      options.now_ms = now_ms_;
      KVHOST_TRY(cursor_->open(engine, options));
    }
    return cursor_->read_page(max_rows_, max_bytes_, engine.now_ms());
  }
  void run() noexcept {
    if (is_taken()) return cursor_->end();
    try {
      const Result<CursorPage> page = read();
      if (!page) return give_up(page.error());
      const bool mine = take();
      if (!mine) cursor_->unread(*page);
      cursor_->end();
      if (!mine) return;
      core_.counters->operations(OperationKind::kScan, page->rows().size());
      if (!page->rows().empty()) {
        sink_.fn(sink_.ctx, page->rows().data(), page->rows().size(), sizeof(kvh_entry));
      }
      finish({});
    } catch (const std::bad_alloc&) {
      give_up(Status(StatusCode::OUT_OF_MEMORY, {}));
    }
  }

  StoreCore& core_;
  const SessionTable::CursorRef cursor_;
  const uint64_t max_rows_;
  const uint64_t max_bytes_;
  const kvh_entry_sink sink_;
  uint64_t now_ms_ = 0;
};

struct PageRequest {
  SessionTable::CursorRef cursor;
  uint64_t max_rows = 0;
  uint64_t max_bytes = 0;
};

Result<PageRequest> check_page(const StoreCore& core, const kvh_call& call, uint64_t cursor,
                               uint64_t max_rows, uint64_t max_bytes) {
  if (max_rows == 0) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "a page of 0 rows; ask for 1 to " + std::to_string(core.settings.max_rows));
  }
  if (max_rows > core.settings.max_rows) {
    return Status(StatusCode::TOO_LARGE, "a page of " + std::to_string(max_rows) +
                                             " rows; the limit is " +
                                             std::to_string(core.settings.max_rows) + " rows");
  }
  PageRequest page;
  KVHOST_TRY_ASSIGN(page.cursor, core.sessions.cursor(call.session, cursor));
  page.max_rows = max_rows;
  page.max_bytes = max_bytes == 0 ? core.settings.default_page_bytes
                                  : std::min(max_bytes, core.settings.max_page_bytes);
  return page;
}

// After a failure the caller answers, and lets go of the cursor.
Status start_page_read(StoreCore& core, const CallRef<PendingPage>& page, const kvh_call& call,
                       bool barrier) {
  KVHOST_TRY(core.pending.add(*page));
  Status failure;
  try {
    if (barrier) {
      page->wait_for_barrier(page, call);
    } else {
      failure = page->go_to_lane();
    }
  } catch (const std::bad_alloc&) {
    failure = Status(StatusCode::OUT_OF_MEMORY, {});
  }
  if (failure.is_ok()) return {};
  if (page->take()) {
    page->withdraw();
    return failure;
  }
  page->release_cursor();
  return {};
}

}  // namespace

int32_t open_snapshot(StoreCore& core, const kvh_call* call, uint64_t* snapshot, kvh_error* error) {
  CallTime time;
  const auto opened = [&]() -> Status {
    KVHOST_TRY(core.admit(call, time));
    if (core.ordering != nullptr && call->read_level > KVH_READ_LOCAL) {
      return {
          StatusCode::NOT_SUPPORTED,
          "with a replication strategy a snapshot shows this node's state; ask for level local"};
    }
    engine::Engine& engine = *core.engine.load(std::memory_order_acquire);
    KVHOST_TRY_ASSIGN(
        *snapshot, core.sessions.add_snapshot(
                       call->session, std::shared_ptr<const engine::Snapshot>(engine.snapshot())));
    return {};
  };
  const Status status = opened();
  return core.answer(RequestKind::kSnapshot, time.started_ns, status, error);
}

int32_t open_cursor(StoreCore& core, const kvh_call* call, const kvh_range* range, uint64_t* cursor,
                    kvh_error* error) {
  CallTime time;
  const auto opened = [&]() -> Status {
    KVHOST_TRY(core.admit(call, time));
    KVHOST_TRY(check_range(core.settings, range));
    KVHOST_TRY_ASSIGN(const uint32_t level, core.resolve_level(call->read_level));
    auto made = std::make_shared<Cursor>(to_range(call->space, *range),
                                         (range->flags & KVH_RANGE_REVERSE) != 0,
                                         (range->flags & KVH_RANGE_KEYS_ONLY) != 0);
    engine::Engine& engine = *core.engine.load(std::memory_order_acquire);
    if (call->snapshot != 0) {
      KVHOST_TRY_ASSIGN(const auto pinned, core.sessions.snapshot(call->session, call->snapshot));
      engine::ReadOptions options;
      options.snapshot = pinned.get();
      KVHOST_TRY(made->open(engine, options));
    } else if (!core.needs_barrier(level)) {
      KVHOST_TRY(made->open(engine, {}));
    }
    KVHOST_TRY_ASSIGN(*cursor, core.sessions.add_cursor(call->session, std::move(made)));
    return {};
  };
  const Status status = opened();
  if (status.is_ok()) return KVH_OK;
  return core.answer(RequestKind::kScan, time.started_ns, status, error);
}

int32_t start_page(StoreCore& core, const kvh_call* call, uint64_t cursor, uint64_t max_rows,
                   uint64_t max_bytes, kvh_entry_sink sink, kvh_done done, kvh_error* error) {
  CallTime time;
  PageRequest request;
  uint32_t level = KVH_READ_LOCAL;
  const auto admitted = [&]() -> Status {
    KVHOST_TRY(core.admit(call, time));
    KVHOST_TRY_ASSIGN(level, core.resolve_level(call->read_level));
    KVHOST_TRY_ASSIGN(request, check_page(core, *call, cursor, max_rows, max_bytes));
    if (request.cursor->try_begin()) return {};
    return {StatusCode::INVALID_ARGUMENT, "cursor " + std::to_string(cursor) +
                                              " is being read by another call; read one page "
                                              "after the other"};
  };
  if (const Status status = admitted(); !status.is_ok()) {
    return core.answer(RequestKind::kScan, time.started_ns, status, error);
  }
  const PendingFacts facts{RequestKind::kScan, call->session,   call->token,
                           time.deadline_ns,   time.started_ns, done};
  kvh_call timed = *call;
  timed.deadline_ns = time.deadline_ns;
  timed.read_level = level;
  Status started(StatusCode::OUT_OF_MEMORY, {});
  try {
    const auto page = CallRef<PendingPage>::adopt(
        new PendingPage(core, facts, request.cursor, request.max_rows, request.max_bytes, sink));
    const bool barrier = !request.cursor->is_open() && core.needs_barrier(level);
    started = start_page_read(core, page, timed, barrier);
  } catch (const std::bad_alloc&) {
    started = Status(StatusCode::OUT_OF_MEMORY, {});
  }
  if (started.is_ok()) return KVH_PENDING;
  request.cursor->end();
  return core.answer(RequestKind::kScan, time.started_ns, started, error);
}

}  // namespace kvhost::host
