// The component `leader-follower`: one leader, followers, write quorum W and read quorum R out of
// N.
//
// Threads:   create, attach and stop on the host's control thread; the rest on any.
// Lifetime:  create → attach → stop → destruction.
// Errors:    CONFIG_ERROR for options that contradict each other; those of ClusterNode.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kvhost/replication.hpp"
#include "node/cluster_node.hpp"
#include "node/options.hpp"

namespace kvhost::leader_follower {

class LeaderFollower final : public Replication {
 public:
  static constexpr auto kOptions = kLeaderFollowerOptions;
  static Result<std::unique_ptr<LeaderFollower>> create(Context& context, const Config& config);
  LeaderFollower(const Context& context, LeaderFollowerOptions options)
      : context_(context), options_(std::move(options)) {}

  uint64_t traits() const override;
  Status attach(StateMachine machine) override;
  void stop(Deadline deadline) override;
  void propose(const kvh_call& call, std::span<const std::string_view> batches,
               ProposalDone done) override;
  void read_barrier(const kvh_call& call, BarrierDone done) override;
  std::optional<std::string> leader_hint() const override;
  std::string status() const override;
  void run_command(const kvh_call& call, std::string_view name, std::string_view arguments,
                   CommandDone done) override;

 private:
  const Context context_;
  const LeaderFollowerOptions options_;
  std::unique_ptr<ClusterNode> node_;
};

}  // namespace kvhost::leader_follower
