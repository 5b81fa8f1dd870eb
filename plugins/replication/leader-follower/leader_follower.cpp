#include "leader_follower.hpp"

namespace kvhost::leader_follower {

Result<std::unique_ptr<LeaderFollower>> LeaderFollower::create(Context& context,
                                                               const Config& config) {
  KVHOST_TRY_ASSIGN(auto options, LeaderFollowerOptions::from(config, context.node().node_id));
  return std::make_unique<LeaderFollower>(context, std::move(options));
}

uint64_t LeaderFollower::traits() const {
  return KVH_TRAIT_OWN_LOG | KVH_TRAIT_LEADER_READS |
         (options_.members.reads_are_linearizable() ? KVH_TRAIT_LINEARIZABLE : 0u);
}

Status LeaderFollower::attach(StateMachine machine) {
  node_ = std::make_unique<ClusterNode>(context_, options_, machine);
  return node_->start();
}

void LeaderFollower::stop(Deadline) {
  if (node_) node_->stop();
}

void LeaderFollower::propose(const kvh_call& call, std::span<const std::string_view> batches,
                             ProposalDone done) {
  if (!node_) return done.finish(Status(StatusCode::STARTING, "replication has not started"));
  node_->propose(call, batches, done);
}

void LeaderFollower::read_barrier(const kvh_call& call, BarrierDone done) {
  if (!node_) return done.refuse(Status(StatusCode::STARTING, "replication has not started"));
  node_->read(call, done);
}

std::optional<std::string> LeaderFollower::leader_hint() const {
  return node_ ? node_->leader_hint() : std::nullopt;
}

std::string LeaderFollower::status() const { return node_ ? node_->status() : "{}"; }

void LeaderFollower::run_command(const kvh_call& call, std::string_view name,
                                 std::string_view arguments, CommandDone done) {
  if (!node_) return done.refuse(Status(StatusCode::STARTING, "replication has not started"));
  node_->command(call, name, arguments, done);
}

}  // namespace kvhost::leader_follower
