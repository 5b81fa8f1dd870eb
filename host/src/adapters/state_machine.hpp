// kvhost.state_machine/1 over the engine: applies what a strategy ordered, tells what is applied
// and durable, and wakes reads that wait for an index.
//
// Threads:   apply() by one caller at a time; everything else on any thread.
// Lifetime:  borrows the engine; its table lives as long as it.
// Errors:    of the engine; an error of apply() is fatal for the node (the strategy stops).
// Not yet:   checkpoint, install and digest slots are null: strategies read them through KVH_HAS.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "kvhost/abi/replication.h"
#include "kvhost/engine/engine.hpp"

namespace kvhost::host {

class StateMachine {
 public:
  StateMachine(engine::Engine& engine, std::string strategy);
  StateMachine(const StateMachine&) = delete;
  StateMachine& operator=(const StateMachine&) = delete;

  const kvh_state_machine* table() const { return &table_; }
  uint32_t role() const { return role_.load(std::memory_order_acquire); }
  std::string leader_advertise() const;

  // Calls `then` once index is applied: at once, or later on the applying thread.
  void when_applied(uint64_t index, std::function<void()> then);
  // Calls whoever still waits, though their index was not reached: the strategy has stopped.
  void drop_waiters();
  uint64_t applied_index() const {
    const std::lock_guard lock(mutex_);
    return applied_index_;
  }

 private:
  int32_t apply(const kvh_position& first, const kvh_ordered_batch* batches, uint64_t count,
                uint64_t stride, kvh_results_sink sink, kvh_error* error);
  void wake_waiters(uint64_t applied_index);
  kvh_position own_position(const engine::ReplicationPosition& position) const;
  // What the next batch is stamped with.
  uint64_t stamp();
  void on_durable(void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT, void* ctx);

  engine::Engine& engine_;
  const std::string strategy_;
  std::atomic<uint64_t> stamp_ms_{0};
  std::atomic<uint32_t> role_{KVH_ROLE_FOLLOWER};
  mutable std::mutex mutex_;
  uint64_t applied_index_ = 0;
  std::string leader_advertise_;
  std::multimap<uint64_t, std::function<void()>> waiters_;
  kvh_state_machine table_{};
};

}  // namespace kvhost::host
