#include "store/store_facade.hpp"

#include <utility>

#include "store/store_core.hpp"
#include "store/store_table.hpp"

namespace kvhost::host {

StoreFacade::StoreFacade(StoreSettings settings, TimerService& timer, ExecutorService& executor)
    : core_(std::make_unique<StoreCore>(std::move(settings), timer, executor)),
      table_(make_store_table(*core_)) {}

StoreFacade::~StoreFacade() {
  stop();
  core_->commands.wait();
}

void StoreFacade::attach(engine::Engine& engine, Ordering* ordering, NodeView* node) {
  core_->ordering = ordering;
  core_->node = node;
  core_->engine.store(&engine, std::memory_order_release);
}

void StoreFacade::serve() { core_->state.store(StoreState::kReady, std::memory_order_release); }

void StoreFacade::drain(TimePoint deadline) {
  core_->state.store(StoreState::kDraining, std::memory_order_release);
  core_->pending.drain(deadline);
}

void StoreFacade::stop() {
  core_->state.store(StoreState::kStopped, std::memory_order_release);
  core_->pending.stop();
  core_->work.wait();
  core_->sessions.clear_resources();
  core_->engine.store(nullptr, std::memory_order_release);
}

StoreCounters& StoreFacade::counters() { return *core_->counters; }

}  // namespace kvhost::host
