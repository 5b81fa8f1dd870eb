// The strategy `raft`: consensus by etcd's Raft, which runs in the core library
// (docs/protocols/raft.md). Here proposals and reads wait, batches come back to be applied, and
// results find who asked.
//
// Threads:   as kvhost::Replication; the core calls on threads of its own.
// Lifetime:  the core is stopped before this is destroyed.
// Errors:    a fault of the core, of its log or of the state machine ends the process, exit 70.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "go_core.hpp"
#include "kvhost/replication.hpp"
#include "pending_proposals.hpp"
#include "pending_reads.hpp"
#include "raft_options.hpp"

namespace kvhost::raft {

class RaftStrategy final : public Replication {
 public:
  static constexpr auto kOptions = kRaftOptions;
  static Result<std::unique_ptr<RaftStrategy>> create(Context& context, const Config& config);

  RaftStrategy(const Context& context, const GoCore& core, bool forward);
  ~RaftStrategy() override;

  uint64_t traits() const override {
    return KVH_TRAIT_OWN_LOG | KVH_TRAIT_LEADER_READS | KVH_TRAIT_LINEARIZABLE;
  }
  Status attach(StateMachine state_machine) override;
  void stop(Deadline deadline) override;
  void propose(const kvh_call& call, std::span<const std::string_view> batches,
               ProposalDone done) override;
  void read_barrier(const kvh_call& call, BarrierDone done) override;
  std::optional<std::string> leader_hint() const override;
  std::string status() const override;
  void run_command(const kvh_call& call, std::string_view name, std::string_view arguments,
                   CommandDone done) override;

 private:
  friend struct CoreHost;

  Status check_serving() const;
  Status not_leader() const;
  uint64_t deadline_of(const kvh_call& call) const;
  uint64_t read_time() const;
  Result<std::string> core_command(std::string_view name, std::string_view arguments,
                                   uint64_t deadline_ns) const;

  int32_t apply(const kvr_position& first, uint64_t count, const char* frames, uint64_t size,
                kvr_error* error);

  const Log log_;
  const Executor executor_;
  const NodeInfo node_;
  const GoCore& core_;
  const bool forward_;
  kvr_host host_{};
  uint64_t core_node_ = 0;
  std::optional<StateMachine> state_;
  PendingProposals proposals_;
  PendingReads reads_;
  std::atomic<bool> is_serving_{false};
  std::atomic<uint32_t> role_{KVH_ROLE_FOLLOWER};
  mutable std::mutex mutex_;
  std::string leader_advertise_;
};

}  // namespace kvhost::raft
