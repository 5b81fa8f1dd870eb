// Who may link up, changes of members one at a time through the log, handing the office over, and
// the joining of a node by a checkpoint.
#include <algorithm>
#include <utility>

#include "protocol/replica.hpp"

namespace kvhost::leader_follower {
namespace {

// Between two attempts to bring a peer up to date by a checkpoint.
constexpr Nanos kCheckpointPause = 500 * kMillisecond;
// Whoever lacks fewer entries has them all in a moment.
constexpr uint64_t kNear = 1024;

}  // namespace

Status Replica::admit(const PeerHello& hello) const {
  const NodeKey key = hello.key();
  if (key == self_) {
    return {StatusCode::CONFLICT, "two nodes have the id \"" + hello.id +
                                      "\": give each node of the cluster its own [node] id"};
  }
  const auto peer = peers_.find(key);
  const bool is_learner = peer != peers_.end() && peer->second.is_learner;
  if (!members().contains(key) && !is_learner) {
    return {StatusCode::NOT_SUPPORTED, "\"" + hello.id + "\" is no member of the cluster as " +
                                           settings_.node_id +
                                           " knows it: kvctl cluster add makes it one"};
  }
  if (hello.incarnation != 0 && state_.incarnation != 0 &&
      hello.incarnation != state_.incarnation) {
    return {
        StatusCode::CONFLICT,
        "\"" + hello.id + "\" and " + settings_.node_id +
            " belong to different lives of the cluster (formed anew, or promoted by force); the "
            "one whose data is given up must be started with an empty data directory"};
  }
  const auto known = state_.known.find(key);
  if (known != state_.known.end() && known->second != hello.identity) {
    return {StatusCode::CONFLICT,
            "\"" + hello.id +
                "\" comes with another data directory than before: it lost its data, or two nodes "
                "have its id. To replace a lost node: kvctl cluster remove " +
                hello.id + ", then kvctl cluster add"};
  }
  if (peer != peers_.end() && peer->second.is_up && peer->second.hello.identity != hello.identity) {
    return {StatusCode::CONFLICT, "two nodes have the id \"" + hello.id + "\""};
  }
  return {};
}

std::vector<Member> Replica::others() const {
  std::vector<Member> list;
  for (const auto& member : members().nodes) {
    if (member.key() != self_) list.push_back(member);
  }
  if (change_ && !members().contains(change_->member.key())) list.push_back(change_->member);
  return list;
}

// ---- changes of members

void Replica::add_member(Origin origin, Member member, Nanos now, Actions& out) {
  const auto refuse_change = [&](StatusCode code, std::string why) {
    answer(origin, ForwardKind::kCommand, Status(code, std::move(why)), out);
  };
  if (!is_serving()) return answer(origin, ForwardKind::kCommand, no_leader(), out);
  if (change_ || configs_.back().index > commit_) {
    return refuse_change(StatusCode::CONFLICT, "another change of members is under way");
  }
  if (members().contains(member.key())) {
    return refuse_change(StatusCode::CONFLICT, member.id + " is a member already");
  }
  if (member.id.empty() || member.address.empty()) {
    return refuse_change(StatusCode::INVALID_ARGUMENT, "a new member needs an id and an address");
  }
  peers_[member.key()].is_learner = true;
  change_ = Change{origin, 0, std::move(member), now + 60 * settings_.promotion_timeout};
  out.members_changed = true;
}

void Replica::remove_member(Origin origin, NodeKey member, Nanos now, Actions& out) {
  const auto refuse_change = [&](StatusCode code, std::string why) {
    answer(origin, ForwardKind::kCommand, Status(code, std::move(why)), out);
  };
  if (!is_serving()) return answer(origin, ForwardKind::kCommand, no_leader(), out);
  if (change_ || configs_.back().index > commit_) {
    return refuse_change(StatusCode::CONFLICT, "another change of members is under way");
  }
  const Member* const leaving = members().find(member);
  if (leaving == nullptr) return refuse_change(StatusCode::INVALID_ARGUMENT, "no such member");
  if (member == self_) {
    return refuse_change(StatusCode::NOT_SUPPORTED,
                         "the leader cannot remove itself: transfer its office first");
  }
  Members fewer = members();
  fewer.erase(member);
  if (const Status fits = fewer.check(); !fits) {
    return answer(origin, ForwardKind::kCommand, fits, out);
  }
  change_ = Change{origin, log_.last_index() + 1, *leaving, now + settings_.promotion_timeout};
  order_members(std::move(fewer), out);
}

void Replica::order_members(Members members, Actions& out) {
  order(EntryKind::kMembers, draft_payload(members.encode()));
  out.members_changed = true;
}

void Replica::change_tick(Nanos now, Actions& out) {
  if (!change_) return;
  if (now >= change_->deadline) {
    return end_change(change_->index == 0 ? Status(StatusCode::DEADLINE_EXCEEDED,
                                                   change_->member.id +
                                                       " did not catch up: check that it runs with "
                                                       "an empty data directory at " +
                                                       change_->member.address)
                                          : Status(StatusCode::OUTCOME_UNKNOWN,
                                                   "the change of members is not committed yet"),
                      out);
  }
  if (change_->index != 0 || !is_serving()) return;
  const auto at = peers_.find(change_->member.key());
  constexpr uint64_t kClose = 1000;
  if (at == peers_.end() || !at->second.is_usable || at->second.match == 0 ||
      at->second.match + kClose < log_.last_index()) {
    return;
  }
  Members more = members();
  more.insert(change_->member);
  change_->index = log_.last_index() + 1;
  order_members(std::move(more), out);
}

void Replica::on_members_committed(Nanos, Actions& out) {
  const Members& now_members = members();
  for (auto& [key, peer] : peers_) {
    if (now_members.contains(key)) peer.is_learner = false;
  }
  if (std::erase_if(state_.known,
                    [&](const auto& known) { return !now_members.contains(known.first); }) != 0) {
    put_state(out);
  }
  out.members_changed = true;
  if (change_ && change_->index != 0 && change_->index <= commit_) end_change(Status::ok(), out);
}

void Replica::end_change(const Status& status, Actions& out) {
  if (!change_) return;
  const Change ended = std::move(*change_);
  change_.reset();
  if (ended.index == 0) {
    const auto at = peers_.find(ended.member.key());
    if (at != peers_.end()) at->second.is_learner = false;
    out.members_changed = true;
  }
  answer(ended.origin, ForwardKind::kCommand, status, out);
}

// ---- handing the office over

void Replica::transfer(Origin origin, NodeKey to, Nanos now, Actions& out) {
  if (to == self_ && is_serving()) return answer(origin, ForwardKind::kCommand, Status::ok(), out);
  if (!is_serving()) return answer(origin, ForwardKind::kCommand, no_leader(), out);
  const auto at = peers_.find(to);
  if (!members().contains(to) || at == peers_.end() || !at->second.is_usable) {
    return answer(
        origin, ForwardKind::kCommand,
        Status(StatusCode::INVALID_ARGUMENT, name_of(to) + " is no member that can be reached"),
        out);
  }
  if (transfer_) {
    return answer(origin, ForwardKind::kCommand,
                  Status(StatusCode::CONFLICT, "another transfer is under way"), out);
  }
  transfer_ = Transfer{origin, to, now + settings_.promotion_timeout, 0, 0, 0, false};
  hold_for_transfer(now);
}

// For a moment only, less than makes them fail: when the other does not take over meanwhile, this
// node leads on and tries again.
void Replica::hold_for_transfer(Nanos now) {
  if (transfer_->held_since != 0) {
    if (now - transfer_->held_since < settings_.hold_limit / 2) return;
    transfer_->held_since = 0;
    transfer_->not_before = now + settings_.hold_limit;
  }
  const Peer& peer = peers_[transfer_->to];
  const bool is_near = peer.mode == Peer::Mode::kStream &&
                       log_.last_index() - std::min(log_.last_index(), peer.match) < kNear;
  if (is_near && now >= transfer_->not_before) transfer_->held_since = now;
}

void Replica::transfer_tick(Nanos now, Actions& out) {
  if (!transfer_) return;
  const auto end = [&](const Status& status) {
    const Origin origin = transfer_->origin;
    transfer_.reset();
    answer(origin, ForwardKind::kCommand, status, out);
  };
  if (role_ != Role::kLeader && leader_ == transfer_->to) return end(Status::ok());
  const auto at = peers_.find(transfer_->to);
  const bool is_linked = at != peers_.end() && at->second.is_usable;
  if (role_ != Role::kLeader) {
    if (!std::exchange(transfer_->is_deposed, true)) {
      transfer_->deadline = std::min(transfer_->deadline, now + 2 * settings_.peer_timeout);
    }
    if (is_linked && now < transfer_->deadline) return;
    return end(Status(StatusCode::OUTCOME_UNKNOWN,
                      name_of(transfer_->to) + " did not take the office over in time"));
  }
  const auto keep_leading = [&](const std::string& why) {
    // Whoever was asked may still come.
    const auto code =
        transfer_->asked == 0 ? StatusCode::DEADLINE_EXCEEDED : StatusCode::OUTCOME_UNKNOWN;
    end(Status(code, name_of(transfer_->to) + why + "; " + settings_.node_id + " leads on"));
  };
  if (!is_linked || now - at->second.last_heard > settings_.peer_timeout) {
    return keep_leading(" cannot be reached any more");
  }
  if (now >= transfer_->deadline) return keep_leading(" did not take the office over in time");
  hold_for_transfer(now);
  const Peer& peer = at->second;
  if (peer.match != log_.last_index() || commit_ != log_.last_index()) return;
  if (transfer_->asked != 0 && now - transfer_->asked < settings_.heartbeat) return;
  transfer_->asked = now;
  send(transfer_->to, TakeOver{epoch_}, out);
}

// ---- checkpoints

std::optional<CheckpointOffer> Replica::offer_at(uint64_t index) const {
  const auto epoch = log_.epoch_at(index);
  if (role_ != Role::kLeader || !epoch) return std::nullopt;
  CheckpointOffer offer;
  offer.epoch = epoch_;
  offer.incarnation = state_.incarnation;
  offer.position = {*epoch, index};
  offer.now_ms = last_stamp_ms_;
  for (const auto& config : configs_) {
    if (config.index <= index) offer.members = config.members;
  }
  return offer;
}

bool Replica::accepts_checkpoint(const CheckpointOffer& offer) const {
  if (has_failed_ || offer.incarnation == 0 || state_.installing) return false;
  if (is_fresh()) return true;
  return offer.incarnation == state_.incarnation && offer.epoch >= state_.promised &&
         role_ == Role::kFollower && offer.position.index > commit_;
}

uint64_t Replica::begin_install(const CheckpointOffer& offer, Actions& out) {
  HardState::Install install;
  install.incarnation = offer.incarnation;
  install.promised = std::max(offer.epoch, state_.promised);
  install.base = {offer.position, offer.members, offer.now_ms};
  state_.installing = std::move(install);
  return put_state(out);
}

void Replica::finish_install(Nanos now, Actions& out) {
  if (!state_.installing) return;
  const HardState::Install install = std::move(*state_.installing);
  state_.installing.reset();
  const bool has_joined = is_fresh();
  state_.incarnation = install.incarnation;
  state_.promised = std::max(state_.promised, install.promised);
  state_.base = install.base;
  if (has_joined) state_.reign = {};
  JournalOp op;
  op.kind = JournalOp::Kind::kReset;
  op.index = install.base.position.index;
  push(std::move(op), out);
  promise_sequence_ = put_state(out);
  unsynced_.clear();
  unsent_appends_.clear();
  log_.reset(install.base.position);
  rebuild_configs();
  applied_ = handed_out_ = commit_ = durable_ = log_.last_index();
  state_durable_ = 0;
  verified_ = 0;
  last_stamp_ms_ = std::max(last_stamp_ms_, install.base.now_ms);
  accepted_ = std::max(accepted_, install.base.position.epoch);
  leader_ = 0;
  leaderless_since_ = now;
  out.greet_anew = true;
  out.role_changed = out.members_changed = true;
  out.log.push_back(std::string(has_joined ? "joined the cluster" : "caught up") +
                    " by a checkpoint at " + to_string(install.base.position));
}

void Replica::abandon_install(Actions& out) {
  if (!state_.installing) return;
  state_.installing.reset();
  put_state(out);
}

void Replica::checkpoint_ended(NodeKey key, Nanos now) {
  retained_.erase(key);
  const auto at = peers_.find(key);
  if (at == peers_.end() || at->second.mode != Peer::Mode::kCheckpoint) return;
  at->second.mode = Peer::Mode::kProbe;
  at->second.is_probing = false;
  at->second.not_before = now + kCheckpointPause;
}

}  // namespace kvhost::leader_follower
