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
  // Refuses new calls and returns when those under way have completed, or at the deadline.
  // Calls on cursors that are open are refused, too.
  void drain(TimePoint deadline);
  // Completes what is left (writes as OUTCOME_UNKNOWN, reads as CANCELLED) and gives back every
  // snapshot and iterator. Call it before the engine is closed.
  void stop();

  StoreCounters& counters();

 private:
  std::unique_ptr<StoreCore> core_;
  kvh_store table_;
};

}  // namespace kvhost::host
