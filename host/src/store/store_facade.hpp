// kvhost.store/1: the data as transports serve it. The one choke point for limits, sessions, read
// levels, deadlines and request ids, in front of the engine or of a replication strategy.
//
// Threads:   the table on any thread. attach, serve, drain and stop on the control thread, in this
//            order.
// Lifetime:  borrows the services, the engine, the strategy and the node. After stop() nothing of a
//            transport's is called any more; what the engine still completes is dropped.
// Errors:    STARTING before serve(), DRAINING after drain() began; TOO_LARGE names the limit;
//            OVERLOADED when a limit on work under way is reached.
// In C++:    store() is the sdk's face over the same table.
#pragma once

#include <chrono>
#include <memory>

#include "kvhost/abi/store.h"
#include "kvhost/engine/engine.hpp"
#include "kvhost/store.hpp"
#include "services/executor_service.hpp"
#include "services/timer_service.hpp"
#include "store/node_view.hpp"
#include "store/ordering.hpp"
#include "store/store_counters.hpp"
#include "store/store_settings.hpp"

namespace kvhost::host {

class StoreCore;

class StoreFacade {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  StoreFacade(StoreSettings settings, TimerService& timer, ExecutorService& executor);
  ~StoreFacade();
  StoreFacade(const StoreFacade&) = delete;
  StoreFacade& operator=(const StoreFacade&) = delete;

  // For ServiceOffer::store; good at once, though calls are refused until serve().
  const kvh_store* table() const { return &table_; }
  Store store() const { return Store(&table_); }

  // `ordering` is null without a replication strategy; `node` may be null in tests.
  void attach(engine::Engine& engine, Ordering* ordering, NodeView* node);
  void serve();
  // Refuses new calls, those on open cursors too, and returns when the ones under way have
  // completed. At the deadline it completes the rest itself (writes and commands as
  // OUTCOME_UNKNOWN, reads as DRAINING), so that a transport's stop finds every `done` called.
  void drain(TimePoint deadline);
  // The same at once, and gives back every snapshot and iterator. Call it before the engine is
  // closed. Commands that run on the background lane (a compaction) go on until the engine is
  // closed: stop the executor after that and before the engine is destroyed.
  void stop();

  StoreCounters& counters();

 private:
  std::unique_ptr<StoreCore> core_;
  kvh_store table_;
};

}  // namespace kvhost::host
