// Puts a replication strategy's plugin between the store facade and the engine: proposals and
// barriers go out through its table, ordered batches come back through the state machine.
//
// Threads:   any; attach() on the control thread, before the facade serves.
// Lifetime:  borrows table, instance and engine. The strategy is stopped before this is destroyed.
// Errors:    what the strategy answers; PLUGIN_ERROR when it breaks the rules of its table (a
// result
//            missing, an empty error).
#pragma once

#include <memory>
#include <string>

#include "adapters/state_machine.hpp"
#include "kvhost/abi/replication.h"
#include "kvhost/engine/engine.hpp"
#include "plugin/call_owner.hpp"
#include "store/ordering.hpp"

namespace kvhost::host {

class ReplicationAdapter final : public Ordering {
 public:
  // Without a `place` strategies can neither send nor install whole states. `calls`: whose name is
  // told when the plugin ends a call twice.
  ReplicationAdapter(const kvh_replication* table, void* self, std::string name,
                     engine::Engine& engine, StatePlace place = {},
                     std::shared_ptr<CallOwner> calls = nullptr);
  ~ReplicationAdapter() override;

  // Hands the state machine to the strategy, which replays and connects. After the component's
  // start.
  Status attach();
  // After the component's stop: refuses the reads that still wait for an index, and calls it no
  // more.
  void stopped();

  uint64_t traits() const override;
  void propose(const kvh_call& call, std::string_view batch, ProposalDone done) override;
  void read_barrier(const kvh_call& call, BarrierDone done) override;
  std::optional<std::string> leader_hint() const override;
  std::string status() const override;
  void command(const kvh_call& call, std::string_view name, std::string_view arguments,
               CommandDone done) override;
  void when_applied(uint64_t index, std::function<void()> then) override {
    state_machine_->when_applied(index, std::move(then));
  }
  ReplicaFacts facts() const override;
  Result<engine::StateDigest> digest(uint64_t index, uint64_t now_ms) override {
    return state_machine_->digest({}, std::nullopt, index, now_ms);
  }
  const std::string& name() const override { return name_; }
  StateMachine& state_machine() { return *state_machine_; }

 private:
  const kvh_replication* table_;
  void* self_;
  std::string name_;
  const std::shared_ptr<CallOwner> calls_;
  std::unique_ptr<StateMachine> state_machine_;
};

}  // namespace kvhost::host
