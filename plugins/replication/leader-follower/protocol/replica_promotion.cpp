// Taking office: P durable grants, a copy of the most advanced granted log, then an entry of the
// own epoch. Nobody is elected by itself; the last leader alone resumes when no successor came.
#include <algorithm>
#include <utility>

#include "protocol/replica.hpp"

namespace kvhost::leader_follower {

void Replica::promote(Origin origin, bool is_forced, Nanos now, Actions& out) {
  if (is_serving()) return answer(origin, ForwardKind::kCommand, Status::ok(), out);
  if (is_fresh() || !members().contains(self_)) {
    return answer(origin, ForwardKind::kCommand,
                  Status(StatusCode::NOT_SUPPORTED,
                         settings_.node_id + " holds no data of the cluster: promote a member that "
                                             "has joined"),
                  out);
  }
  if (is_forced) return force_office(origin, now, out);
  if (candidacy_) {
    end_candidacy(Status(StatusCode::CONFLICT, "another promotion was asked for"), out);
  }
  Candidacy candidacy;
  candidacy.origin = origin;
  candidacy.has_origin = true;
  candidacy.deadline = now + settings_.promotion_timeout;
  seek_office(std::move(candidacy), now, out);
}

void Replica::seek_office(Candidacy candidacy, Nanos now, Actions& out) {
  if (candidacy_ || is_fresh()) return;
  if (role_ == Role::kLeader) become_follower(0, out);
  uint64_t highest = std::max(state_.promised.counter, accepted_.counter);
  for (const auto& [key, grant] : candidacy.grants) {
    highest = std::max(highest, grant.promised.counter);
  }
  candidacy.epoch = {highest + 1, self_};
  candidacy.grants.clear();
  candidacy.is_promised = false;
  candidacy.source = 0;
  candidacy.asked = 0;
  ++counters_.promotions;
  state_.promised = candidacy.epoch;
  promise_sequence_ = put_state(out);
  role_ = Role::kCandidate;
  leader_ = 0;
  candidacy_ = std::move(candidacy);
  out.role_changed = true;
  after(promise_sequence_, [this, epoch = candidacy_->epoch](Nanos later, Actions& then) {
    if (!candidacy_ || candidacy_->epoch != epoch || role_ != Role::kCandidate) return;
    candidacy_->is_promised = true;
    GrantReply own;
    own.epoch = epoch;
    own.is_granted = true;
    own.last = durable_position();
    own.base_index = log_.base().index;
    candidacy_->grants[self_] = std::move(own);
    consider_grants(later, then);
  });
  ask_for_grants(now, out);
}

void Replica::ask_for_grants(Nanos now, Actions& out) {
  candidacy_->asked = now;
  for (const auto& [key, peer] : peers_) {
    const auto grant = candidacy_->grants.find(key);
    if (!peer.is_usable || (grant != candidacy_->grants.end() && grant->second.is_granted))
      continue;
    send(key, GrantAsk{candidacy_->epoch, candidacy_->resume_of}, out);
  }
}

void Replica::on_grant_reply(NodeKey from, const GrantReply& message, Nanos now, Actions& out) {
  if (role_ != Role::kCandidate || !candidacy_ || message.epoch != candidacy_->epoch) return;
  candidacy_->grants[from] = message;
  if (message.is_granted) return consider_grants(now, out);
  if (candidacy_->is_resume && message.accepted > candidacy_->resume_of) {
    state_.reign = {};
    put_state(out);
    return end_candidacy(
        Status(StatusCode::CONFLICT, name_of(message.accepted.node) + " has led since"), out);
  }
  if (message.promised <= candidacy_->epoch) return;
  // Somebody was promised more. An operator's word outbids it; the last leader does so only while
  // no other has led, which the others judge.
  Candidacy again = std::move(*candidacy_);
  candidacy_.reset();
  role_ = Role::kFollower;
  seek_office(std::move(again), now, out);
}

bool Replica::has_grants(const Members& members) const {
  uint32_t count = 0;
  for (const auto& [key, grant] : candidacy_->grants) {
    if (grant.is_granted && members.contains(key)) ++count;
  }
  return count >= members.promotion_quorum();
}

void Replica::consider_grants(Nanos now, Actions& out) {
  if (!candidacy_->is_promised || candidacy_->source != 0) return;
  // A change of members that may have been committed counts, and so does what it changed.
  const bool is_joint = configs_.size() > 1 && configs_.back().index > commit_;
  if (!has_grants(members()) || (is_joint && !has_grants(configs_[configs_.size() - 2].members))) {
    return;
  }
  flush_appends(out);
  NodeKey best = self_;
  LogPosition last = log_.last();
  for (const auto& [key, grant] : candidacy_->grants) {
    if (grant.is_granted && grant.last > last) {
      best = key;
      last = grant.last;
    }
  }
  if (best == self_) {
    if (durable_ < log_.last_index()) {
      // What was copied is durable first.
      return after(next_sequence_ - 1,
                   [this, epoch = candidacy_->epoch](Nanos later, Actions& then) {
                     if (candidacy_ && candidacy_->epoch == epoch && role_ == Role::kCandidate) {
                       consider_grants(later, then);
                     }
                   });
    }
    epoch_ = candidacy_->epoch;
    verified_ = 0;
    return lead(now, out);
  }
  if (candidacy_->grants[best].base_index > log_.last_index()) {
    return end_candidacy(
        Status(StatusCode::CONFLICT, settings_.node_id + " is behind what " + name_of(best) +
                                         " keeps in its log: promote " + name_of(best)),
        out);
  }
  candidacy_->source = best;
  candidacy_->goal = last;
  candidacy_->asked_from = log_.last();
  fetch(now, out);
}

void Replica::fetch(Nanos now, Actions& out) {
  candidacy_->fetched = now;
  send(candidacy_->source, FetchAsk{candidacy_->epoch, candidacy_->asked_from}, out);
}

void Replica::on_fetch_reply(NodeKey from, FetchReply message, Nanos now, Actions& out) {
  if (role_ != Role::kCandidate || !candidacy_ || message.epoch != candidacy_->epoch ||
      candidacy_->source != from || message.prev != candidacy_->asked_from) {
    return;
  }
  if (!message.is_there) {
    const uint64_t asked = message.prev.index;
    const uint64_t lower = std::max(std::min(message.hint, asked - std::min<uint64_t>(asked, 1)),
                                    std::min(commit_, asked));
    const auto epoch = log_.epoch_at(lower);
    if (message.base_index > asked || lower >= asked || !epoch) {
      return end_candidacy(
          Status(StatusCode::CONFLICT, settings_.node_id + " cannot copy the log of " +
                                           name_of(from) + " from " + to_string(message.prev) +
                                           " on: promote " + name_of(from)),
          out);
    }
    candidacy_->asked_from = {*epoch, lower};
    return fetch(now, out);
  }
  const auto matched = merge(from, message.prev.index, message.entries, out);
  if (!matched) return;
  candidacy_->asked_from = {log_.epoch_at(*matched).value_or(Epoch{}), *matched};
  if (candidacy_->asked_from < candidacy_->goal) return fetch(now, out);
  flush_appends(out);
  candidacy_->source = 0;
  consider_grants(now, out);
  // New members may have come to light.
  if (candidacy_ && role_ == Role::kCandidate) ask_for_grants(now, out);
}

void Replica::end_candidacy(const Status& status, Actions& out) {
  if (!candidacy_) return;
  const Candidacy ended = std::move(*candidacy_);
  candidacy_.reset();
  if (role_ == Role::kCandidate) {
    role_ = Role::kFollower;
    out.role_changed = true;
  }
  if (ended.has_origin) answer(ended.origin, ForwardKind::kCommand, status, out);
  if (!status.is_ok()) out.log.push_back("promotion failed: " + status.message());
}

void Replica::candidacy_tick(Nanos now, Actions& out) {
  if (candidacy_ && now >= candidacy_->deadline) {
    const uint32_t needed = members().promotion_quorum();
    std::string reasons;
    uint32_t granted = 0;
    for (const auto& [key, grant] : candidacy_->grants) {
      if (grant.is_granted) ++granted;
      if (!grant.reason.empty()) reasons += "; " + grant.reason;
    }
    leaderless_since_ = now;
    const Status why =
        role_ == Role::kLeader
            ? Status(StatusCode::NO_QUORUM, settings_.node_id + " leads, but " +
                                                std::to_string(members().write_quorum()) +
                                                " nodes do not have its first entry yet")
            : Status(StatusCode::NO_QUORUM,
                     "of the " + std::to_string(needed) + " grants needed " +
                         std::to_string(granted) + " came" + reasons +
                         "; when the other nodes are lost for good, promote with --force");
    return end_candidacy(why, out);
  }
  if (candidacy_ && role_ == Role::kCandidate && now - candidacy_->asked >= settings_.heartbeat) {
    ask_for_grants(now, out);
    if (candidacy_->source != 0 && now - candidacy_->fetched >= settings_.resend_after) {
      fetch(now, out);
    }
    return;
  }
  const bool may_resume = role_ == Role::kFollower && !candidacy_ && !transfer_ && leader_ == 0 &&
                          state_.reign.counter != 0 && accepted_ <= state_.reign &&
                          members().contains(self_);
  if (!may_resume || now - leaderless_since_ < settings_.resume_delay) return;
  Candidacy candidacy;
  candidacy.is_resume = true;
  candidacy.resume_of = state_.reign;
  candidacy.deadline = now + settings_.promotion_timeout;
  seek_office(std::move(candidacy), now, out);
}

// The operator asserts that the other nodes are lost. Their data, should they come back, is of
// another life of the cluster and is refused.
void Replica::force_office(Origin origin, Nanos now, Actions& out) {
  if (candidacy_) end_candidacy(Status(StatusCode::CONFLICT, "a forced promotion followed"), out);
  become_follower(0, out);
  state_.incarnation = state_.incarnation * 0x9e3779b97f4a7c15u + (settings_.seed | 1);
  if (state_.incarnation == 0) state_.incarnation = 1;
  state_.known.clear();
  state_.promised = {std::max(state_.promised.counter, accepted_.counter) + 1, self_};
  promise_sequence_ = put_state(out);
  for (auto& [key, peer] : peers_) peer.is_usable = peer.is_up = false;
  out.greet_anew = true;
  out.log.push_back("forced into office: what only the lost nodes had is lost; own log ends at " +
                    to_string(log_.last()));
  epoch_ = state_.promised;
  verified_ = 0;
  answer(origin, ForwardKind::kCommand, Status::ok(), out);
  lead(now, out);
}

// A new cluster begins at the node that the file names, once enough others have said that they
// belong to none: had this node lost its data, one of them would know a cluster.
void Replica::maybe_form(Nanos now, Actions& out) {
  if (!is_fresh() || !settings_.is_first_leader || has_failed_ || state_.installing) return;
  const Members& list = settings_.members;
  uint32_t fresh = 0;
  for (const auto& [key, peer] : peers_) {
    if (!peer.is_up) continue;
    if (peer.hello.incarnation != 0) return;
    if (list.contains(key)) ++fresh;
  }
  if (fresh < std::min(list.count() - 1, list.promotion_quorum())) return;
  state_.incarnation = settings_.seed == 0 ? 1 : settings_.seed;
  state_.promised = {1, self_};
  // The state as this node has it is index 1: the others begin with a checkpoint of it.
  state_.base.position = {state_.promised, 1};
  state_.base.members = list;
  state_.base.now_ms = settings_.now_ms ? settings_.now_ms() : 0;
  JournalOp op;
  op.kind = JournalOp::Kind::kReset;
  op.index = 1;
  push(std::move(op), out);
  promise_sequence_ = put_state(out);
  log_.reset(state_.base.position);
  rebuild_configs();
  last_stamp_ms_ = state_.base.now_ms;
  applied_ = handed_out_ = 0;
  commit_ = durable_ = 1;
  apply_beginning(out);
  epoch_ = state_.promised;
  for (auto& [key, peer] : peers_) peer.is_usable = peer.is_up = false;
  out.greet_anew = true;
  out.log.push_back("formed a new cluster of " + std::to_string(list.count()) + " nodes");
  lead(now, out);
}

void Replica::apply_beginning(Actions& out) {
  if (handed_out_ != 0 || log_.base().index != 1) return;
  handed_out_ = 1;
  out.applies.push_back(Entry::order(1, log_.base().epoch, EntryKind::kNothing, state_.base.now_ms,
                                     draft_payload({})));
}

}  // namespace kvhost::leader_follower
