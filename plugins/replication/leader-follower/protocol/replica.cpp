#include "protocol/replica.hpp"

#include <algorithm>
#include <utility>

namespace kvhost::leader_follower {
namespace {

constexpr Nanos kCutInterval = 1 * kSecond;
// A cut costs two syncs: it must be worth them.
constexpr uint64_t kSmallestCut = 16;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

Replica::Replica(ReplicaSettings settings, Recovered recovered)
    : settings_(std::move(settings)),
      self_(node_key(settings_.node_id)),
      state_(std::move(recovered.state)),
      next_request_(settings_.seed | 1) {
  if (is_fresh()) state_.base.members = settings_.members;
  log_.reset(state_.base.position);
  last_stamp_ms_ = state_.base.now_ms;
  for (auto& entry : recovered.entries) {
    last_stamp_ms_ = std::max(last_stamp_ms_, entry.now_ms());
    log_.append(std::move(entry));
  }
  rebuild_configs();
  handed_out_ = applied_ = recovered.applied;
  commit_ = std::max(applied_, state_.base.position.index);
  durable_ = log_.last_index();
  accepted_ = std::max(log_.last().epoch, state_.reign);
  epoch_ = accepted_;
}

// ---- inputs

void Replica::start(Nanos now, Actions& out) {
  leaderless_since_ = now;
  if (!is_fresh()) apply_beginning(out);
  maybe_form(now, out);
  settle(now, out);
}

void Replica::tick(Nanos now, Actions& out) {
  if (has_failed_) return;
  if (role_ == Role::kLeader) lead_tick(now);
  candidacy_tick(now, out);
  change_tick(now, out);
  transfer_tick(now, out);
  requests_tick(now, out);
  maybe_form(now, out);
  if (role_ == Role::kFollower && leader_ != 0 && now - leader_heard_ > settings_.peer_timeout) {
    leader_ = 0;
    leaderless_since_ = now;
    out.role_changed = true;
  }
  if (now / kCutInterval != (now - std::min(now, settings_.heartbeat)) / kCutInterval) cut_log(out);
}

void Replica::settle(Nanos now, Actions& out) {
  if (has_failed_) return;
  begin_held(now, out);
  flush_appends(out);
  if (role_ == Role::kLeader) {
    advance_commit(now, out);
    for (auto& [key, peer] : peers_) feed(key, peer, now, out);
    ask_positions(now, out);
  }
  emit_applies(out);
  serve_reads(now, out);
  acknowledge(now, out);
  flush_appends(out);
  log_.forget_below(std::min(applied_, durable_), settings_.memory_bytes);
}

void Replica::peer_up(const PeerHello& hello, Nanos now, Actions& out) {
  const NodeKey key = hello.key();
  Peer& peer = peers_[key];
  const bool is_learner = peer.is_learner;
  peer = Peer{};
  peer.is_learner = is_learner;
  peer.hello = hello;
  peer.is_up = true;
  peer.last_heard = now;
  peer.next = log_.last_index() + 1;
  const bool is_ours = hello.incarnation != 0 && hello.incarnation == state_.incarnation;
  if (is_ours && !state_.known.contains(key)) {
    state_.known[key] = hello.identity;
    after(put_state(out), [this, key, identity = hello.identity](Nanos, Actions&) {
      auto at = peers_.find(key);
      if (at != peers_.end() && at->second.hello.identity == identity) at->second.is_usable = true;
    });
  } else {
    peer.is_usable = is_ours;
  }
  if (candidacy_) candidacy_->asked = 0;
  maybe_form(now, out);
}

void Replica::peer_down(NodeKey key, Nanos now, Actions& out) {
  const auto at = peers_.find(key);
  if (at == peers_.end()) return;
  at->second.is_up = at->second.is_usable = false;
  at->second.reading_ticket = 0;
  // Whether the leader carried out what was forwarded to it cannot be known any more.
  for (auto sent = forwarded_to_.begin(); sent != forwarded_to_.end();) {
    if (sent->second != key) {
      ++sent;
      continue;
    }
    Held held = std::move(forwarded_.at(sent->first));
    forwarded_.erase(sent->first);
    sent = forwarded_to_.erase(sent);
    if (held.kind == ForwardKind::kBarrier) {
      hold(std::move(held), now);
    } else {
      refuse(held,
             Status(StatusCode::OUTCOME_UNKNOWN, "the connection to " + name_of(key) +
                                                     " broke while it carried the request out"),
             out);
    }
  }
  if (leader_ == key && role_ == Role::kFollower) {
    leader_ = 0;
    leaderless_since_ = now;
    out.role_changed = true;
  }
}

void Replica::receive(NodeKey from, Message message, Nanos now, Actions& out) {
  const auto at = peers_.find(from);
  if (has_failed_ || at == peers_.end() || !at->second.is_usable) return;
  at->second.last_heard = now;
  std::visit(Overloaded{
                 [&](Append& m) { on_append(from, std::move(m), now, out); },
                 [&](AppendReply& m) { on_append_reply(from, m, now, out); },
                 [&](GrantAsk& m) { on_grant_ask(from, m, now, out); },
                 [&](GrantReply& m) { on_grant_reply(from, m, now, out); },
                 [&](FetchAsk& m) { on_fetch_ask(from, m, out); },
                 [&](FetchReply& m) { on_fetch_reply(from, std::move(m), now, out); },
                 [&](PositionAsk& m) { on_position_ask(from, m, now, out); },
                 [&](PositionReply& m) { on_position_reply(from, m, now, out); },
                 [&](Forward& m) { forwarded(from, std::move(m), now, out); },
                 [&](ForwardReply& m) { on_forward_reply(from, std::move(m), now, out); },
                 [&](TakeOver& m) {
                   if (m.epoch != epoch_ || role_ != Role::kFollower) return;
                   Candidacy candidacy;
                   candidacy.deadline = now + settings_.promotion_timeout;
                   seek_office(std::move(candidacy), now, out);
                 },
                 // Checkpoints are the transfers' business.
                 [&](CheckpointOffer&) {},
                 [&](CheckpointAsk&) {},
                 [&](CheckpointChunk&) {},
                 [&](CheckpointEnd&) {},
             },
             message);
}

void Replica::journal_done(uint64_t sequence, Nanos now, Actions& out) {
  while (!unsynced_.empty() && unsynced_.front().first <= sequence) {
    durable_ = std::max(durable_, unsynced_.front().second);
    owes_ack_ = owes_ack_ || role_ != Role::kLeader;
    unsynced_.pop_front();
  }
  done_sequence_ = std::max(done_sequence_, sequence);
  while (!continuations_.empty() && continuations_.begin()->first <= sequence) {
    const Then then = std::move(continuations_.begin()->second);
    continuations_.erase(continuations_.begin());
    then(now, out);
  }
}

void Replica::log_read(uint64_t ticket, std::vector<Entry> entries, Nanos now, Actions& out) {
  const auto at = tickets_.find(ticket);
  if (at == tickets_.end()) return;
  const auto then = std::move(at->second);
  tickets_.erase(at);
  then(std::move(entries), now, out);
}

void Replica::applied(uint64_t index, Nanos, Actions&) { applied_ = std::max(applied_, index); }

// ---- what all parts use

void Replica::push(JournalOp op, Actions& out) {
  flush_appends(out);
  op.sequence = next_sequence_++;
  out.journal.push_back(std::move(op));
}

void Replica::flush_appends(Actions& out) {
  if (unsent_appends_.empty()) return;
  JournalOp op;
  op.kind = JournalOp::Kind::kAppend;
  op.sequence = next_sequence_++;
  unsynced_.emplace_back(op.sequence, unsent_appends_.back().index);
  op.entries = std::move(unsent_appends_);
  unsent_appends_.clear();
  out.journal.push_back(std::move(op));
}

uint64_t Replica::put_state(Actions& out) {
  JournalOp op;
  op.kind = JournalOp::Kind::kPutState;
  op.state = state_.encode();
  push(std::move(op), out);
  return next_sequence_ - 1;
}

void Replica::after(uint64_t sequence, Then then) {
  continuations_.emplace(sequence, std::move(then));
}

void Replica::when_promised(Then then, Nanos now, Actions& out) {
  if (is_promise_durable()) return then(now, out);
  after(promise_sequence_, std::move(then));
}

void Replica::send(NodeKey to, Message message, Actions& out) {
  out.sends.push_back({to, std::move(message)});
}

void Replica::append_entry(Entry entry) {
  last_stamp_ms_ = std::max(last_stamp_ms_, entry.now_ms());
  note_config(entry);
  unsent_appends_.push_back(entry);
  log_.append(std::move(entry));
}

void Replica::truncate_after(uint64_t index, Actions& out) {
  JournalOp op;
  op.kind = JournalOp::Kind::kTruncateAfter;
  op.index = index;
  push(std::move(op), out);
  log_.truncate_after(index);
  durable_ = std::min(durable_, index);
  verified_ = std::min(verified_, index);
  for (auto& [sequence, last] : unsynced_) last = std::min(last, index);
  std::erase_if(configs_, [&](const Config& config) { return config.index > index; });
  out.members_changed = true;
}

void Replica::adopt(Epoch epoch, Actions& out) {
  if (epoch <= state_.promised) return;
  state_.promised = epoch;
  promise_sequence_ = put_state(out);
  if (role_ == Role::kLeader) become_follower(0, out);
  if (candidacy_ && candidacy_->epoch < epoch) {
    end_candidacy(Status(StatusCode::CONFLICT,
                         "another promotion, of " + name_of(epoch.node) + ", came in between"),
                  out);
  }
}

void Replica::become_follower(NodeKey leader, Actions& out) {
  if (role_ == Role::kLeader) {
    const Status deposed(StatusCode::OUTCOME_UNKNOWN,
                         "the leader was deposed while the batch was on its way");
    // What was accepted since the last settle() has no owner yet that could be disowned, and its
    // place in the log may become another leader's.
    for (const auto& accepted : std::exchange(out.accepted, {})) {
      answer(accepted.origin, ForwardKind::kPropose, deposed, out);
    }
    out.disown_from = commit_ + 1;
    refuse_reads(Status(StatusCode::NO_QUORUM, "this node was deposed as the leader"), out);
    end_change(Status(StatusCode::OUTCOME_UNKNOWN, "this node was deposed as the leader"), out);
    verified_ = 0;
  }
  role_ = Role::kFollower;
  if (leader != 0 && leader != leader_) ++counters_.leader_changes;
  leader_ = leader;
  out.role_changed = true;
}

void Replica::fail(Status why, Actions& out) {
  become_follower(0, out);
  has_failed_ = true;
  if (out.failure.is_ok()) out.failure = std::move(why);
}

void Replica::emit_applies(Actions& out) {
  const uint64_t until = std::min(commit_, durable_);
  while (handed_out_ < until) out.applies.push_back(log_.at(++handed_out_));
}

void Replica::rebuild_configs() {
  configs_.assign(1, {log_.base().index, state_.base.members});
  for (uint64_t i = log_.memory_first(); i <= log_.last_index(); ++i) note_config(log_.at(i));
}

void Replica::note_config(const Entry& entry) {
  if (entry.kind() != EntryKind::kMembers) return;
  auto members = Members::decode(entry.body());
  if (members) configs_.push_back({entry.index, std::move(*members)});
}

void Replica::cut_log(Actions& out) {
  const uint64_t limit = std::min({state_durable_, applied_, durable_});
  uint64_t needed = limit;
  if (role_ == Role::kLeader) {
    for (const auto& member : members().nodes) {
      if (member.key() == self_) continue;
      const auto at = peers_.find(member.key());
      needed = std::min(needed, at == peers_.end() ? 0 : at->second.match);
    }
  }
  for (const auto& [key, index] : retained_) needed = std::min(needed, index);
  uint64_t target =
      std::min({limit, needed, log_.index_with_bytes_above(settings_.retain_min_bytes)});
  target =
      std::max(target, std::min(limit, log_.index_with_bytes_above(settings_.retain_max_bytes)));
  if (target < log_.base().index + kSmallestCut) return;
  for (const auto& config : configs_) {
    if (config.index <= target) state_.base.members = config.members;
  }
  state_.base.position = {*log_.epoch_at(target), target};
  state_.base.now_ms = last_stamp_ms_;
  put_state(out);
  JournalOp op;
  op.kind = JournalOp::Kind::kTruncateBefore;
  op.index = target + 1;
  push(std::move(op), out);
  log_.cut(target);
  while (configs_.size() > 1 && configs_[1].index <= target) configs_.erase(configs_.begin());
  configs_.front().index = std::min(configs_.front().index, target);
}

LogPosition Replica::durable_position() const {
  const auto epoch = log_.epoch_at(durable_);
  return epoch ? LogPosition{*epoch, durable_} : log_.base();
}

LogPosition Replica::applied_position() const {
  const auto epoch = log_.epoch_at(applied_);
  return epoch ? LogPosition{*epoch, applied_} : log_.base();
}

std::string Replica::name_of(NodeKey key) const {
  if (key == self_) return settings_.node_id;
  if (const Member* member = members().find(key)) return member->id;
  const auto at = peers_.find(key);
  if (at != peers_.end() && !at->second.hello.id.empty()) return at->second.hello.id;
  return key == 0 ? "nobody" : "an unknown node";
}

}  // namespace kvhost::leader_follower
