// The follower: takes what the leader sends, and answers candidates.
#include <algorithm>
#include <utility>

#include "protocol/replica.hpp"

namespace kvhost::leader_follower {

void Replica::reject(NodeKey to, const Append& message, uint64_t hint, Actions& out) {
  AppendReply reply;
  reply.epoch = message.epoch;
  reply.promised = state_.promised;
  reply.accepted = accepted_;
  reply.match = hint;
  reply.applied = applied_;
  reply.sent_ns = message.sent_ns;
  send(to, std::move(reply), out);
}

void Replica::on_append(NodeKey from, Append message, Nanos now, Actions& out) {
  if (message.epoch < state_.promised || (role_ == Role::kLeader && message.epoch == epoch_)) {
    message.entries.clear();
    return when_promised(
        [this, from, message](Nanos, Actions& then) { reject(from, message, 0, then); }, now, out);
  }
  adopt(message.epoch, out);
  if (candidacy_) end_candidacy(Status(StatusCode::CONFLICT, "another leader serves"), out);
  if (accepted_ != message.epoch || epoch_ != message.epoch || role_ != Role::kFollower) {
    accepted_ = epoch_ = message.epoch;
    verified_ = 0;
    if (state_.reign.counter != 0 && state_.reign < message.epoch) {
      state_.reign = {};
      put_state(out);
    }
  }
  if (leader_ != from || role_ != Role::kFollower) become_follower(from, out);
  leader_heard_ = now;
  // What came in now would go with the old log.
  if (state_.installing) return;

  if (message.prev.index > log_.last_index()) {
    return reject(from, message, log_.last_index(), out);
  }
  const auto epoch = log_.epoch_at(message.prev.index);
  if (epoch && *epoch != message.prev.epoch) {
    const uint64_t hint = log_.first_of_epoch_at(message.prev.index) - 1;
    return reject(from, message, std::max(hint, std::min(commit_, message.prev.index - 1)), out);
  }
  // What is not applied yet must fit into memory: the leader sends it again later.
  const bool is_full = handed_out_ - std::min(handed_out_, applied_) > 0 &&
                       log_.memory_bytes() > settings_.memory_bytes + settings_.max_waiting_bytes;
  const auto matched = merge(from, message.prev.index,
                             is_full ? std::span<Entry>() : std::span<Entry>(message.entries), out);
  if (!matched) return;
  verified_ = std::max(verified_, *matched);
  commit_ = std::max(commit_, std::min(message.commit, verified_));
  ack_echo_ns_ = message.sent_ns;
  owes_ack_ = true;
}

// Takes over what follows `matched`, which both logs have. Own entries go only where another stands
// in their place: what was acknowledged here is never dropped for a moment.
std::optional<uint64_t> Replica::merge(NodeKey from, uint64_t matched, std::span<Entry> entries,
                                       Actions& out) {
  matched = std::max(matched, log_.base().index);
  for (Entry& entry : entries) {
    if (entry.index <= matched) continue;
    if (entry.index != matched + 1) break;
    matched = entry.index;
    const auto own = log_.epoch_at(entry.index);
    if (own && *own == entry.epoch()) continue;
    if (own && entry.index <= commit_) {
      fail(Status(StatusCode::CORRUPTION, "the log of " + name_of(from) + " has " +
                                              to_string(entry.position()) + " where " +
                                              to_string(LogPosition{*own, entry.index}) +
                                              " is committed: two histories of one cluster"),
           out);
      return std::nullopt;
    }
    if (own) truncate_after(entry.index - 1, out);
    if (entry.kind() == EntryKind::kMembers) out.members_changed = true;
    append_entry(std::move(entry));
  }
  return matched;
}

void Replica::acknowledge(Nanos, Actions& out) {
  // A promise that is not durable yet holds the answer back.
  if (!owes_ack_ || role_ != Role::kFollower || leader_ == 0 || accepted_ != state_.promised ||
      !is_promise_durable()) {
    return;
  }
  owes_ack_ = false;
  AppendReply reply;
  reply.epoch = accepted_;
  reply.promised = state_.promised;
  reply.accepted = accepted_;
  reply.is_accepted = true;
  reply.match = std::min(durable_, verified_);
  reply.applied = applied_;
  reply.sent_ns = ack_echo_ns_;
  ack_echo_ns_ = 0;
  send(leader_, std::move(reply), out);
}

void Replica::on_grant_ask(NodeKey from, const GrantAsk& message, Nanos now, Actions& out) {
  GrantReply reply;
  reply.epoch = message.epoch;
  const auto refuse_grant = [&](std::string why) {
    reply.promised = state_.promised;
    reply.accepted = accepted_;
    reply.reason = std::move(why);
    send(from, std::move(reply), out);
  };
  if (message.resume_of.counter != 0 && message.resume_of < accepted_) {
    return refuse_grant(settings_.node_id + " has followed " + name_of(accepted_.node) + " since");
  }
  if (message.resume_of.counter != 0 && leader_ != 0 && leader_ != from) {
    return refuse_grant(settings_.node_id + " follows " + name_of(leader_));
  }
  if (state_.installing) return refuse_grant(settings_.node_id + " installs a checkpoint");
  if (message.epoch < state_.promised) {
    return refuse_grant(settings_.node_id + " has promised a later epoch, counter " +
                        std::to_string(state_.promised.counter) + ", to " +
                        name_of(state_.promised.node));
  }
  if (message.epoch > state_.promised) {
    leader_ = 0;
    adopt(message.epoch, out);
    out.role_changed = true;
  }
  // What was appended under earlier epochs is durable before the promise is.
  when_promised(
      [this, from, epoch = message.epoch](Nanos, Actions& then) {
        if (state_.promised != epoch) return;
        GrantReply grant;
        grant.epoch = epoch;
        grant.is_granted = true;
        grant.promised = epoch;
        grant.accepted = accepted_;
        grant.last = durable_position();
        grant.base_index = log_.base().index;
        send(from, std::move(grant), then);
      },
      now, out);
}

void Replica::on_fetch_ask(NodeKey from, const FetchAsk& message, Actions& out) {
  if (message.epoch != state_.promised) return;
  FetchReply reply;
  reply.epoch = message.epoch;
  reply.prev = message.prev;
  reply.base_index = log_.base().index;
  reply.last = log_.last();
  const auto epoch = log_.epoch_at(message.prev.index);
  if (!epoch || *epoch != message.prev.epoch) {
    const uint64_t below = message.prev.index == 0 ? 0 : message.prev.index - 1;
    reply.hint = std::min(below, log_.last_index());
    if (epoch) reply.hint = std::min(reply.hint, log_.first_of_epoch_at(message.prev.index) - 1);
    return send(from, std::move(reply), out);
  }
  reply.is_there = true;
  const uint64_t first = message.prev.index + 1;
  if (first > log_.last_index() || first >= log_.memory_first()) {
    uint64_t bytes = 0;
    for (uint64_t i = first; i <= log_.last_index() && bytes < settings_.max_append_bytes; ++i) {
      reply.entries.push_back(log_.at(i));
      bytes += reply.entries.back().payload.bytes.size();
    }
    return send(from, std::move(reply), out);
  }
  const uint64_t ticket = next_ticket_++;
  out.reads.push_back({ticket, first, log_.memory_first() - 1, settings_.max_append_bytes});
  tickets_[ticket] = [this, from, reply = std::move(reply)](std::vector<Entry> entries, Nanos,
                                                            Actions& later) mutable {
    if (state_.promised != reply.epoch) return;
    reply.entries = std::move(entries);
    send(from, std::move(reply), later);
  };
}

void Replica::on_position_ask(NodeKey from, const PositionAsk& message, Nanos now, Actions& out) {
  adopt(message.epoch, out);
  when_promised(
      [this, from, round = message.round](Nanos, Actions& then) {
        send(from, PositionReply{round, state_.promised, durable_position()}, then);
      },
      now, out);
}

}  // namespace kvhost::leader_follower
