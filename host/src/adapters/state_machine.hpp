// kvhost.state_machine/1 over the engine: applies what a strategy ordered, tells what is applied
// and durable, and wakes reads that wait for an index.
//
// Threads:   apply() by one caller at a time; everything else on any thread.
// Lifetime:  borrows the engine; its table lives as long as it.
// Errors:    of the engine; an error of apply() is fatal for the node (the strategy stops).
// Slots:     checkpoints and installs are there where the state can be replaced (StatePlace).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>

#include "adapters/digest_points.hpp"
#include "adapters/state_transfer.hpp"
#include "kvhost/abi/replication.h"
#include "kvhost/engine/engine.hpp"
#include "kvhost/engine/state_digest.hpp"

namespace kvhost::host {

class StateMachine {
 public:
  // Who makes durable what is applied. With the engine's log a batch is an ordinary write, and
  // indexes count from 1 in every life of the node.
  enum class LogKeeper { kStrategy, kEngine };

  StateMachine(engine::Engine& engine, std::string strategy, StatePlace place = {},
               LogKeeper log_keeper = LogKeeper::kStrategy);
  StateMachine(const StateMachine&) = delete;
  StateMachine& operator=(const StateMachine&) = delete;

  const kvh_state_machine* table() const { return &table_; }
  uint32_t role() const { return role_.load(std::memory_order_acquire); }
  std::string leader_advertise() const;

  // Calls `then` once index is applied: at once, or later on the applying thread.
  void when_applied(uint64_t index, std::function<void()> then);
  // The strategy has stopped: it is called no more, and whoever waits for an index is called though
  // that was not reached.
  void detach();
  uint64_t applied_index() const {
    const std::lock_guard lock(mutex_);
    return applied_index_;
  }
  kvh_position applied() const;
  kvh_position durable() const;
  uint64_t durable_index() const { return durable().index; }
  // The live records of every space, as of `index` (0: now), judged at `now_ms`.
  Result<engine::StateDigest> digest(const std::string& start,
                                     const std::optional<std::string>& end, uint64_t index,
                                     uint64_t now_ms);
  StateTransfer::Counts transfers() const { return transfer_.counts(); }

 private:
  static StateMachine& of(void* self) { return *static_cast<StateMachine*>(self); }
  int32_t apply(const kvh_position& first, const kvh_ordered_batch* batches, uint64_t count,
                uint64_t stride, kvh_results_sink sink, kvh_error* error);
  Status apply_some(engine::ReplicationPosition position,
                    std::span<const engine::OrderedBatch> batches, uint64_t first_index,
                    kvh_results_sink sink);
  // The same by way of the engine's log.
  Status write_some(engine::ReplicationPosition position,
                    std::span<const engine::OrderedBatch> batches, uint64_t first_index,
                    kvh_results_sink sink);
  void tell_durable(const kvh_position& position);
  void wake_waiters(uint64_t applied_index);
  int32_t commit_install(uint64_t install, kvh_error* error);
  void fill_table();
  void fill_checkpoint_slots();
  void fill_install_slots();
  kvh_position own_position(const engine::ReplicationPosition& position) const;
  // What the next batch is stamped with.
  uint64_t stamp();
  void on_durable(void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT, void* ctx);

  engine::Engine& engine_;
  const std::string strategy_;
  const LogKeeper log_keeper_;
  StateTransfer transfer_;
  DigestPoints digest_points_;
  std::atomic<uint64_t> stamp_ms_{0};
  std::atomic<uint32_t> role_{KVH_ROLE_FOLLOWER};
  // Held shared while the strategy is told of a durable position.
  std::shared_mutex listener_mutex_;
  void (*on_durable_)(void*, const kvh_position*) KVH_NOEXCEPT = nullptr;
  void* on_durable_ctx_ = nullptr;
  mutable std::mutex mutex_;
  uint64_t applied_index_ = 0;
  kvh_position written_{};  // with the engine's log: where apply() is
  std::string leader_advertise_;
  std::multimap<uint64_t, std::function<void()>> waiters_;
  kvh_state_machine table_{};
};

}  // namespace kvhost::host
