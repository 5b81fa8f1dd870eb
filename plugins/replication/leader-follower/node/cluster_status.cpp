// What a ClusterNode tells about itself: the status that the host shows, and the leader's address.
#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "node/cluster_node.hpp"

namespace kvhost::leader_follower {
namespace {

namespace json = boost::json;

uint32_t role_number(const Replica& replica) {
  switch (replica.role()) {
    case Role::kLeader:
      return KVH_ROLE_LEADER;
    case Role::kCandidate:
      return KVH_ROLE_CANDIDATE;
    case Role::kFollower:
      break;
  }
  return replica.is_fresh() ? KVH_ROLE_LEARNER : KVH_ROLE_FOLLOWER;
}

const char* role_name(uint32_t role) {
  constexpr const char* kNames[] = {"none", "leader", "follower", "candidate", "learner"};
  return kNames[role];
}

json::object peer_json(const Replica& replica, const Member& member, const Mesh& mesh) {
  json::object one{{"id", member.id}, {"address", member.address}};
  const auto at = replica.peers().find(member.key());
  const bool is_connected = at != replica.peers().end() && at->second.is_up;
  one["connected"] = is_connected;
  if (replica.role() == Role::kLeader && at != replica.peers().end()) {
    const Peer& peer = at->second;
    const uint64_t last = replica.log().last_index();
    one["match_index"] = peer.match;
    one["applied_index"] = peer.applied;
    one["lag"] = last - std::min(last, peer.match);
    one["rtt_seconds"] = static_cast<double>(peer.round_trip_ns) / 1e9;
    if (peer.mode == Peer::Mode::kCheckpoint) one["state"] = "checkpoint";
    if (peer.is_learner) one["state"] = "joining";
  }
  if (!is_connected) one["problem"] = mesh.problem_of(member.id);
  return one;
}

}  // namespace

void ClusterNode::refresh_view() {
  last_view_ = now();
  const Replica& replica = *replica_;
  const uint32_t role = role_number(replica);
  const bool has_leader = replica.leader() != 0;
  json::object view;
  view["role"] = failure_.is_ok() ? role_name(role) : "failed";
  view["serving"] = replica.is_serving();
  view["term"] = replica.epoch().counter;
  view["leader"] = has_leader ? replica.name_of(replica.leader()) : "";
  view["incarnation"] = replica.state().incarnation;
  view["commit_index"] = replica.commit_index();
  view["applied_index"] = replica.applied_index();
  view["durable_index"] = replica.durable_index();
  view["first_index"] = replica.log().base().index + 1;
  view["last_index"] = replica.log().last_index();
  view["log_bytes"] = replica.log().total_bytes();
  view["write_quorum"] = replica.members().write_quorum();
  view["read_quorum"] = replica.members().read_quorum();
  view["quorum_failures"] = replica.counters().quorum_failures;
  view["leader_changes"] = replica.counters().leader_changes;
  view["promotions"] = replica.counters().promotions;
  view["snapshots_sent"] = transfers_->sent();
  view["snapshots_received"] = transfers_->received();
  const std::string obstacle = failure_.is_ok() ? replica.obstacle(last_view_) : failure_.message();
  if (!obstacle.empty()) view["obstacle"] = obstacle;
  json::array peers;
  for (const auto& member : replica.others()) {
    peers.push_back(peer_json(replica, member, *mesh_));
  }
  view["peers"] = std::move(peers);
  view["listen"] = mesh_->address();

  std::optional<std::string> hint;
  if (replica.leader() == replica.self()) {
    hint = options_.advertise;
  } else if (has_leader) {
    const auto at = replica.peers().find(replica.leader());
    if (at != replica.peers().end()) hint = at->second.hello.advertise;
  }
  if (hint && hint->empty()) hint.reset();
  {
    const std::lock_guard lock(view_mutex_);
    status_ = json::serialize(view);
    leader_hint_ = hint;
  }
  if (role != told_role_ || hint != told_hint_) {
    told_role_ = role;
    told_hint_ = hint;
    machine_.role_changed(role, hint.value_or(""));
  }
}

std::string ClusterNode::status() const {
  const std::lock_guard lock(view_mutex_);
  return status_;
}

std::optional<std::string> ClusterNode::leader_hint() const {
  const std::lock_guard lock(view_mutex_);
  return leader_hint_;
}

}  // namespace kvhost::leader_follower
