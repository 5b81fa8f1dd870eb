// Requests: proposals and read barriers, here or forwarded to the leader.
#include <algorithm>
#include <utility>

#include "kvhost/abi/replication.h"
#include "protocol/replica.hpp"

namespace kvhost::leader_follower {
namespace {

constexpr Nanos kRetryPause = 10 * kMillisecond;
constexpr std::size_t kMaxHeld = 100'000;
constexpr std::size_t kRememberedRequests = 1 << 16;

}  // namespace

void Replica::propose(Origin origin, Nanos deadline, std::vector<DraftPayload> batches, Nanos now,
                      Actions& out) {
  Held held;
  held.origin = origin;
  held.deadline = deadline;
  held.batches = std::move(batches);
  if (held_.empty() && begin(held, now, out)) return;
  if (held_.size() >= kMaxHeld) {
    return refuse(held, Status(StatusCode::OVERLOADED, "too many requests wait for a leader"), out);
  }
  hold(std::move(held), now);
}

void Replica::read(Origin origin, uint32_t level, Nanos deadline, Nanos now, Actions& out) {
  Held held;
  held.origin = origin;
  held.kind = ForwardKind::kBarrier;
  held.level = level;
  held.deadline = deadline;
  if (held_.empty() && begin(held, now, out)) return;
  if (held_.size() >= kMaxHeld) {
    return refuse(held, Status(StatusCode::OVERLOADED, "too many requests wait for a leader"), out);
  }
  hold(std::move(held), now);
}

void Replica::hold(Held held, Nanos now) {
  held.until = std::min(held.deadline, now + settings_.hold_limit);
  held_.push_back(std::move(held));
}

void Replica::begin_held(Nanos now, Actions& out) {
  if (held_.empty()) return;
  std::deque<Held> waiting;
  waiting.swap(held_);
  for (auto& held : waiting) {
    if (held.not_before > now || !begin(held, now, out)) held_.push_back(std::move(held));
  }
}

// True when the request went on its way, or was refused.
bool Replica::begin(Held& held, Nanos now, Actions& out) {
  if (has_failed_) {
    refuse(held, Status(StatusCode::READ_ONLY, "the node's journal has failed"), out);
    return true;
  }
  if (role_ != Role::kLeader) {
    if (held.origin.peer != 0) {
      refuse(held, no_leader(), out);
      return true;
    }
    const auto leader = peers_.find(leader_);
    if (leader == peers_.end() || !leader->second.is_usable) return false;
    if (!settings_.forwards) {
      refuse(held, no_leader(), out);
    } else {
      forward(std::move(held), now, out);
    }
    return true;
  }
  if (!is_serving() || (transfer_ && transfer_->held_since != 0)) return false;
  if (held.kind == ForwardKind::kBarrier) {
    if (held.level != KVH_READ_LINEARIZABLE) {
      out.answers.push_back({held.origin, held.kind, {}, commit_, 0, {}});
    } else if (!members().reads_are_linearizable()) {
      refuse(held,
             Status(StatusCode::NOT_SUPPORTED,
                    "write_quorum " + std::to_string(members().write_quorum()) +
                        " and read_quorum " + std::to_string(members().read_quorum()) +
                        " together are not larger than the cluster of " +
                        std::to_string(members().count()) +
                        ": a read could miss the newest writes; ask for level leader or local"),
             out);
    } else {
      readings_.push_back({held.origin, held.deadline, next_round_, std::nullopt});
    }
    return true;
  }
  order_batches(held, now, out);
  return true;
}

void Replica::order_batches(Held& held, Nanos now, Actions& out) {
  if (now >= held.deadline) {
    return refuse(held,
                  Status(StatusCode::DEADLINE_EXCEEDED,
                         "the deadline passed before the "
                         "batch was ordered"),
                  out);
  }
  if (!has_write_quorum(now)) {
    ++counters_.quorum_failures;
    return refuse(held, Status(StatusCode::NO_QUORUM, obstacle(now)), out);
  }
  if (log_.memory_bytes() > settings_.memory_bytes + settings_.max_waiting_bytes) {
    return refuse(held,
                  Status(StatusCode::OVERLOADED,
                         std::to_string(log_.memory_bytes()) +
                             " bytes wait for the followers or for the state machine"),
                  out);
  }
  out.accepted.push_back({held.origin, log_.last_index() + 1, held.batches.size()});
  for (auto& batch : held.batches) order(EntryKind::kBatch, std::move(batch));
  last_ordered_ = now;
}

void Replica::forward(Held held, Nanos now, Actions& out) {
  Forward message;
  message.request = next_request_++;
  message.kind = held.kind;
  message.read_level = held.level;
  message.timeout_ns = held.deadline > now ? held.deadline - now : 0;
  message.batches = held.batches;
  forwarded_to_[message.request] = leader_;
  forwarded_[message.request] = std::move(held);
  send(leader_, std::move(message), out);
}

void Replica::forwarded(NodeKey from, Forward request, Nanos now, Actions& out) {
  Peer& peer = peers_[from];
  if (!peer.seen_requests.insert(request.request).second) return;
  if (peer.seen_requests.size() > kRememberedRequests) {
    peer.seen_requests.erase(peer.seen_requests.begin());
  }
  const Origin origin{from, request.request};
  const Nanos deadline = now + std::min<Nanos>(request.timeout_ns, 24 * 3600 * kSecond);
  if (request.kind == ForwardKind::kPropose) {
    propose(origin, deadline, std::move(request.batches), now, out);
  } else if (request.kind == ForwardKind::kBarrier) {
    read(origin, request.read_level, deadline, now, out);
  }
}

void Replica::on_forward_reply(NodeKey from, ForwardReply message, Nanos now, Actions& out) {
  const auto at = forwarded_.find(message.request);
  if (at == forwarded_.end() || forwarded_to_[message.request] != from) return;
  Held held = std::move(at->second);
  forwarded_.erase(at);
  forwarded_to_.erase(message.request);
  if (message.status.code() == StatusCode::NOT_LEADER && now < held.until) {
    held.not_before = now + kRetryPause;
    held_.push_back(std::move(held));
    return;
  }
  Answer whole{held.origin,   held.kind,      std::move(message.status),
               message.index, message.now_ms, std::move(message.outcomes)};
  if (held.kind == ForwardKind::kBarrier && whole.status.is_ok()) {
    // The leader's state is at the index; this node's must get there before it serves.
    granted_.push_back({message.index, held.deadline, std::move(whole)});
    return;
  }
  out.answers.push_back(std::move(whole));
}

void Replica::refuse(const Held& held, Status status, Actions& out) {
  answer(held.origin, held.kind, std::move(status), out);
}

void Replica::answer(Origin origin, ForwardKind kind, Status status, Actions& out) {
  out.answers.push_back({origin, kind, std::move(status), 0, 0, {}});
}

Status Replica::no_leader() const {
  if (leader_ != 0 && leader_ != self_) {
    const auto at = peers_.find(leader_);
    const std::string where = at == peers_.end() || at->second.hello.advertise.empty()
                                  ? ""
                                  : " at " + at->second.hello.advertise;
    return {StatusCode::NOT_LEADER, "the leader is " + name_of(leader_) + where};
  }
  return {StatusCode::NOT_LEADER, "no leader is known to " + settings_.node_id};
}

std::string Replica::obstacle(Nanos now) const {
  if (has_failed_) return "the node's journal has failed";
  if (is_fresh()) {
    return settings_.is_first_leader
               ? "waits for nodes that belong to no cluster, to form a new one with them"
               : "belongs to no cluster yet: waits for a leader's checkpoint";
  }
  if (role_ == Role::kCandidate) return "asks the others for their grants";
  if (role_ == Role::kFollower) {
    return leader_ != 0 ? "" : "no leader is known: promote one with kvctl cluster promote";
  }
  if (!has_write_quorum(now)) {
    return "fewer than write_quorum = " + std::to_string(members().write_quorum()) +
           " nodes can be reached";
  }
  if (!is_serving()) return "the first entry of the leader's epoch is not committed yet";
  return {};
}

// ---- linearizable reads: a round among R nodes serves all that came before it began

void Replica::ask_positions(Nanos now, Actions& out) {
  if (readings_.empty()) return;
  if (!round_) {
    const bool any = std::any_of(readings_.begin(), readings_.end(),
                                 [](const Reading& reading) { return !reading.awaited; });
    if (!any) return;
    round_ = Round{next_round_++, 0, {}};
    round_->positions[self_] = durable_position();
  }
  if (round_->asked == 0 || now - round_->asked >= settings_.heartbeat) {
    round_->asked = now;
    for (const auto& member : members().nodes) {
      const auto at = peers_.find(member.key());
      if (at == peers_.end() || !at->second.is_usable) continue;
      if (round_->positions.contains(member.key())) continue;
      send(member.key(), PositionAsk{epoch_, round_->number}, out);
    }
  }
  if (round_->positions.size() < members().read_quorum()) return;
  LogPosition highest;
  for (const auto& [key, position] : round_->positions) highest = std::max(highest, position);
  for (auto& reading : readings_) {
    if (!reading.awaited && reading.round <= round_->number) reading.awaited = highest;
  }
  round_.reset();
  ask_positions(now, out);
}

void Replica::on_position_reply(NodeKey from, const PositionReply& message, Nanos now,
                                Actions& out) {
  if (message.promised > state_.promised) {
    leaderless_since_ = now;
    return adopt(message.promised, out);
  }
  if (role_ != Role::kLeader || !round_ || message.round != round_->number) return;
  if (members().contains(from)) round_->positions[from] = message.durable;
}

void Replica::serve_reads(Nanos now, Actions& out) {
  std::erase_if(granted_, [&](Granted& granted) {
    if (applied_ < granted.index && now < granted.deadline) return false;
    if (applied_ < granted.index) {
      granted.answer.status =
          Status(StatusCode::NO_QUORUM, settings_.node_id + " has not applied index " +
                                            std::to_string(granted.index) + " within the deadline");
    }
    out.answers.push_back(std::move(granted.answer));
    return true;
  });
  if (readings_.empty()) return;
  const LogPosition applied = applied_position();
  // Applied at or beyond it in its own epoch, or a later epoch's entry: then it is committed and
  // applied, or superseded.
  while (!readings_.empty() && readings_.front().awaited && applied >= *readings_.front().awaited) {
    const LogPosition& awaited = *readings_.front().awaited;
    const uint64_t index = awaited.epoch == applied.epoch ? awaited.index : applied.index;
    out.answers.push_back({readings_.front().origin, ForwardKind::kBarrier, {}, index, 0, {}});
    readings_.pop_front();
  }
}

void Replica::refuse_reads(const Status& status, Actions& out) {
  for (const auto& reading : readings_) answer(reading.origin, ForwardKind::kBarrier, status, out);
  readings_.clear();
  round_.reset();
}

void Replica::requests_tick(Nanos now, Actions& out) {
  std::erase_if(held_, [&](const Held& held) {
    if (now < held.until) return false;
    ++counters_.quorum_failures;
    const std::string why = obstacle(now);
    refuse(
        held,
        Status(StatusCode::NO_QUORUM,
               why.empty() ? "the leader " + name_of(leader_) + " did not take the request" : why),
        out);
    return true;
  });
  std::erase_if(readings_, [&](const Reading& reading) {
    if (now < reading.deadline) return false;
    ++counters_.quorum_failures;
    answer(reading.origin, ForwardKind::kBarrier,
           Status(StatusCode::NO_QUORUM,
                  "not all of read_quorum = " + std::to_string(members().read_quorum()) +
                      " nodes answered, or what they hold was not committed"),
           out);
    return true;
  });
  if (readings_.empty()) round_.reset();
  for (auto sent = forwarded_.begin(); sent != forwarded_.end();) {
    const Held& held = sent->second;
    if (now < held.deadline) {
      ++sent;
      continue;
    }
    const bool is_read = held.kind == ForwardKind::kBarrier;
    refuse(held,
           Status(is_read ? StatusCode::NO_QUORUM : StatusCode::OUTCOME_UNKNOWN,
                  "the leader " + name_of(forwarded_to_[sent->first]) +
                      " did not answer within the deadline"),
           out);
    forwarded_to_.erase(sent->first);
    sent = forwarded_.erase(sent);
  }
}

}  // namespace kvhost::leader_follower
