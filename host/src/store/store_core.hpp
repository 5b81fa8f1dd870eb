// What every call of the store works with: settings, state, sessions, pending calls, and the engine
// or the strategy behind them.
//
// Threads:   any; attach and the changes of state on the control thread.
// Lifetime:  calls that are pending borrow it: stop() waits for all that would touch it again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "kvhost/abi/store.h"
#include "kvhost/engine/engine.hpp"
#include "services/executor_service.hpp"
#include "services/timer_service.hpp"
#include "store/activity_count.hpp"
#include "store/node_view.hpp"
#include "store/ordering.hpp"
#include "store/pending_table.hpp"
#include "store/request_checks.hpp"
#include "store/request_id_sweep.hpp"
#include "store/request_ids.hpp"
#include "store/session_table.hpp"
#include "store/store_counters.hpp"
#include "store/store_settings.hpp"

namespace kvhost::host {

enum class StoreState : uint8_t { kStarting, kReady, kDraining, kStopped };

// When a call began and when it is given up.
struct CallTime {
  uint64_t started_ns = 0;
  uint64_t deadline_ns = 0;
};

// Gets what a submitted batch came to: exactly once, on any thread, maybe inside submit(). Keeps
// itself alive until then.
class OutcomeHandler {
 public:
  virtual void on_outcome(WriteOutcome outcome) noexcept = 0;

 protected:
  ~OutcomeHandler() = default;
};

class StoreCore {
 public:
  StoreCore(StoreSettings store_settings, TimerService& timer, ExecutorService& lanes)
      : settings(std::move(store_settings)),
        executor(lanes),
        counters(std::make_shared<StoreCounters>()),
        ids(std::make_shared<RequestIds>()),
        sessions(settings, counters),
        pending(timer, counters, settings.max_pending_calls) {}

  // OK when the store serves; STARTING or DRAINING otherwise.
  Status check_serving() const;
  // Everything that makes a call acceptable before its own arguments are looked at.
  Status admit(const kvh_call* call, CallTime& time) const;
  // Counts an answer that is given inside the call, and hands it over.
  int32_t answer(RequestKind kind, uint64_t started_ns, const Status& status,
                 kvh_error* error) const;

  // The level that a read is served at: DEFAULT becomes the strongest that there is.
  Result<uint32_t> resolve_level(uint32_t asked) const;
  bool needs_barrier(uint32_t level) const {
    return ordering != nullptr && level != KVH_READ_LOCAL;
  }
  // Runs `task` on a lane, counted by `count`; the task calls its leave() as its last step.
  Status post(uint32_t lane, ActivityCount& count, ExecutorService::Task task, void* ctx);
  // Orders an encoded batch through the strategy or the engine.
  void submit(const kvh_call& call, const engine::WriteBatch& batch, OutcomeHandler& handler);

  const StoreSettings settings;
  ExecutorService& executor;
  const std::shared_ptr<StoreCounters> counters;
  const std::shared_ptr<RequestIds> ids;
  SessionTable sessions;
  PendingTable pending;
  // Work that touches the engine or this, beside what the engine itself does.
  ActivityCount work;
  // Administrators' commands, which only the end of the engine may end.
  ActivityCount commands;
  RequestIdSweep id_sweep;
  const uint64_t opened_ns = monotonic_ns();

  std::atomic<StoreState> state{StoreState::kStarting};
  // Set by attach(); the engine goes when the store is stopped.
  std::atomic<engine::Engine*> engine{nullptr};
  Ordering* ordering = nullptr;
  NodeView* node = nullptr;
};

// The calls of kvh_store, one file each. All follow KVH_PENDING and count themselves.
int32_t start_read(StoreCore& core, const kvh_call* call, const kvh_bytes* keys, uint64_t count,
                   kvh_entry_sink sink, kvh_done done, kvh_error* error);
int32_t start_write(StoreCore& core, const kvh_call* call, const WriteInput& input,
                    kvh_result_sink sink, kvh_done done, kvh_error* error);
int32_t open_snapshot(StoreCore& core, const kvh_call* call, uint64_t* snapshot, kvh_error* error);
int32_t open_cursor(StoreCore& core, const kvh_call* call, const kvh_range* range, uint64_t* cursor,
                    kvh_error* error);
int32_t start_page(StoreCore& core, const kvh_call* call, uint64_t cursor, uint64_t max_rows,
                   uint64_t max_bytes, kvh_entry_sink sink, kvh_done done, kvh_error* error);
int32_t start_command(StoreCore& core, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                      kvh_bytes_sink sink, kvh_done done, kvh_error* error);
int32_t tell_info(StoreCore& core, kvh_bytes section, kvh_bytes_sink sink, kvh_error* error);

}  // namespace kvhost::host
