// The leader: orders, streams to the followers, and commits what W nodes have durable.
#include <algorithm>
#include <utility>

#include "kvhost/abi/replication.h"
#include "protocol/replica.hpp"

namespace kvhost::leader_follower {

// Takes office in epoch_, which enough nodes have promised.
void Replica::lead(Nanos now, Actions& out) {
  role_ = Role::kLeader;
  leader_ = self_;
  accepted_ = epoch_;
  leader_heard_ = now;
  owes_ack_ = false;
  ++counters_.leader_changes;
  state_.reign = epoch_;
  put_state(out);
  for (auto& [key, peer] : peers_) {
    peer.mode = Peer::Mode::kProbe;
    peer.match = 0;
    peer.next = log_.last_index() + 1;
    peer.is_probing = false;
    peer.last_sent = 0;
    peer.in_flight.clear();
    peer.in_flight_bytes = 0;
    peer.reading_ticket = 0;
    peer.sent_commit = 0;
  }
  round_.reset();
  first_of_epoch_ = log_.last_index() + 1;
  last_ordered_ = now;
  order(EntryKind::kNothing, draft_payload({}));
  out.role_changed = true;
  out.log.push_back("leads from epoch " + std::to_string(epoch_.counter) + ", index " +
                    std::to_string(first_of_epoch_));
}

void Replica::order(EntryKind kind, DraftPayload payload) {
  const uint64_t stamp = std::max(last_stamp_ms_, settings_.now_ms ? settings_.now_ms() : 0);
  append_entry(Entry::order(log_.last_index() + 1, epoch_, kind, stamp, std::move(payload)));
}

// ---- to the followers

void Replica::feed(NodeKey key, Peer& peer, Nanos now, Actions& out) {
  const bool is_wanted =
      peer.is_learner || members().contains(key) ||
      (configs_.size() > 1 && configs_[configs_.size() - 2].members.contains(key));
  if (!peer.is_up || !is_wanted || peer.mode == Peer::Mode::kCheckpoint) {
    if (!peer.is_usable || !is_wanted || now - peer.last_sent < settings_.heartbeat) return;
    return send_entries(key, peer, {}, now, out);
  }
  const bool is_behind = peer.next <= log_.base().index;
  if (!peer.is_usable || is_behind) {
    if (now < peer.not_before || !(peer.is_usable || peer.hello.incarnation == 0)) return;
    peer.mode = Peer::Mode::kCheckpoint;
    out.checkpoints.push_back(key);
    return;
  }
  if (peer.mode == Peer::Mode::kProbe) {
    if (peer.is_probing && now - peer.last_sent < settings_.heartbeat) return;
    peer.is_probing = true;
    return send_entries(key, peer, {}, now, out);
  }
  bool has_sent = false;
  while (peer.next <= log_.last_index() && peer.in_flight_bytes < settings_.window_bytes &&
         peer.reading_ticket == 0) {
    if (peer.next < log_.memory_first()) {
      const uint64_t ticket = peer.reading_ticket = next_ticket_++;
      out.reads.push_back({ticket, peer.next, log_.memory_first() - 1, settings_.max_append_bytes});
      tickets_[ticket] = [this, key, ticket](std::vector<Entry> entries, Nanos later,
                                             Actions& then) {
        Peer& reader = peers_[key];
        if (role_ != Role::kLeader || reader.reading_ticket != ticket) return;
        reader.reading_ticket = 0;
        if (entries.empty() || entries.front().index != reader.next) return;
        send_entries(key, reader, std::move(entries), later, then);
      };
      break;
    }
    std::vector<Entry> entries;
    uint64_t bytes = 0;
    for (uint64_t i = peer.next; i <= log_.last_index() && bytes < settings_.max_append_bytes;
         ++i) {
      entries.push_back(log_.at(i));
      bytes += entries.back().payload.bytes.size();
    }
    send_entries(key, peer, std::move(entries), now, out);
    has_sent = true;
  }
  const bool is_due = now - peer.last_sent >= settings_.heartbeat;
  if (!has_sent && (is_due || peer.sent_commit < commit_)) send_entries(key, peer, {}, now, out);
}

void Replica::send_entries(NodeKey key, Peer& peer, std::vector<Entry> entries, Nanos now,
                           Actions& out) {
  uint64_t before = peer.next - 1;
  // While a checkpoint travels there is nothing that the peer could be asked for.
  if (before < log_.base().index) before = log_.base().index;
  Append message;
  message.epoch = epoch_;
  message.prev = {*log_.epoch_at(before), before};
  message.commit = commit_;
  message.sent_ns = now;
  if (!entries.empty()) {
    uint64_t bytes = 0;
    for (const auto& entry : entries) bytes += entry.payload.bytes.size();
    if (peer.in_flight.empty()) peer.last_progress = now;
    peer.next = entries.back().index + 1;
    peer.in_flight.emplace_back(entries.back().index, bytes);
    peer.in_flight_bytes += bytes;
  }
  message.entries = std::move(entries);
  peer.last_sent = now;
  peer.sent_commit = commit_;
  send(key, std::move(message), out);
}

void Replica::on_append_reply(NodeKey from, const AppendReply& message, Nanos now, Actions& out) {
  if (message.promised > state_.promised) {
    // Somebody was promised more; whether somebody leads by it will show.
    leaderless_since_ = now;
    if (message.accepted > accepted_) state_.reign = {};
    return adopt(message.promised, out);
  }
  if (role_ != Role::kLeader || message.epoch != epoch_) return;
  Peer& peer = peers_[from];
  if (message.sent_ns != 0 && now >= message.sent_ns) peer.round_trip_ns = now - message.sent_ns;
  peer.applied = std::max(peer.applied, message.applied);
  if (peer.mode == Peer::Mode::kCheckpoint) return;
  if (message.is_accepted) {
    if (message.match > peer.match) {
      peer.match = message.match;
      peer.last_progress = now;
    }
    while (!peer.in_flight.empty() && peer.in_flight.front().first <= peer.match) {
      peer.in_flight_bytes -= peer.in_flight.front().second;
      peer.in_flight.pop_front();
    }
    // A match that is not durable yet may lie below what was probed: go on from it all the same.
    if (peer.mode == Peer::Mode::kProbe) {
      peer.mode = Peer::Mode::kStream;
      peer.is_probing = false;
      peer.next = std::max(peer.match + 1, std::min(peer.next, log_.last_index() + 1));
    }
    peer.next = std::max(peer.next, peer.match + 1);
    return;
  }
  peer.mode = Peer::Mode::kProbe;
  peer.is_probing = false;
  peer.in_flight.clear();
  peer.in_flight_bytes = 0;
  peer.reading_ticket = 0;
  peer.next = std::max(peer.match, std::min(message.match, peer.next - 1)) + 1;
}

// ---- commit

uint64_t Replica::quorum_index(const Members& members) const {
  std::vector<uint64_t> matches;
  for (const auto& member : members.nodes) {
    const NodeKey key = member.key();
    const auto at = peers_.find(key);
    matches.push_back(key == self_ ? durable_ : at != peers_.end() ? at->second.match : 0);
  }
  const uint32_t quorum = members.write_quorum();
  if (quorum == 0 || quorum > matches.size()) return 0;
  std::sort(matches.begin(), matches.end(), std::greater<>());
  return matches[quorum - 1];
}

void Replica::advance_commit(Nanos now, Actions& out) {
  uint64_t index = quorum_index(members());
  // A change of members is under way: the old quorum must agree as well.
  const bool is_joint = configs_.size() > 1 && configs_.back().index > commit_;
  if (is_joint) index = std::min(index, quorum_index(configs_[configs_.size() - 2].members));
  if (index <= commit_ || log_.epoch_at(index) != epoch_) return;
  const bool was_serving = is_serving();
  commit_ = index;
  if (configs_.back().index != 0 && configs_.back().index <= commit_)
    on_members_committed(now, out);
  if (!was_serving && is_serving()) {
    out.role_changed = true;
    if (candidacy_) end_candidacy(Status::ok(), out);
  }
}

bool Replica::is_reachable(const Members& members, Nanos now) const {
  uint32_t count = 0;
  for (const auto& member : members.nodes) {
    const auto at = peers_.find(member.key());
    const bool is_heard = at != peers_.end() && at->second.is_usable &&
                          now - at->second.last_heard <= settings_.peer_timeout;
    if (member.key() == self_ || is_heard) ++count;
  }
  return count >= members.write_quorum();
}

bool Replica::has_write_quorum(Nanos now) const { return is_reachable(members(), now); }

void Replica::lead_tick(Nanos now) {
  for (auto& [key, peer] : peers_) {
    const bool is_stuck = !peer.in_flight.empty() && peer.mode == Peer::Mode::kStream &&
                          now - peer.last_progress > settings_.resend_after;
    if (!is_stuck) continue;
    peer.mode = Peer::Mode::kProbe;
    peer.is_probing = false;
    peer.in_flight.clear();
    peer.in_flight_bytes = 0;
    peer.next = peer.match + 1;
  }
  // Time goes on in the log of an idle cluster: what has expired can be dropped.
  if (is_serving() && now - last_ordered_ >= settings_.tick_interval) {
    last_ordered_ = now;
    order(EntryKind::kNothing, draft_payload({}));
  }
}

}  // namespace kvhost::leader_follower
