#include "unit/leader_follower/simulation.hpp"

#include <algorithm>
#include <utility>

#include "kvhost/abi/replication.h"
#include "wire/message_codec.hpp"

namespace kvhost::leader_follower::testing {
namespace {

constexpr Nanos kTick = 20 * kMillisecond;
constexpr Nanos kConnectEvery = 25 * kMillisecond;

}  // namespace

Simulation::Simulation(SimOptions options) : options_(options), random_(options.seed) {
  for (uint32_t i = 0; i < options_.nodes; ++i) {
    SimNode node;
    node.id = "node" + std::to_string(i + 1);
    node.key = node_key(node.id);
    members_.insert({node.id, "10.0.0." + std::to_string(i + 1) + ":1"});
    nodes_.push_back(std::move(node));
  }
  nodes_.reserve(16);
  members_.chosen_write_quorum = options_.write_quorum;
  members_.chosen_read_quorum = options_.read_quorum;
}

// ---- time

void Simulation::at(Nanos delay, std::function<void()> run) {
  events_.push({now_ + delay, next_order_++, std::move(run)});
}

void Simulation::at_node(SimNode& node, Nanos delay, std::function<void()> run) {
  at(delay, [this, n = number_of(node), life = node.life, run = std::move(run)] {
    SimNode& mine = nodes_[n];
    if (mine.life != life || !mine.is_alive()) return;
    if (mine.is_paused) return at_node(mine, 10 * kMillisecond, run);
    run();
  });
}

bool Simulation::step() {
  if (events_.empty() || !problem_.empty()) return false;
  const Event event = events_.top();
  events_.pop();
  now_ = std::max(now_, event.at);
  event.run();
  return true;
}

void Simulation::run_for(Nanos time) {
  const Nanos end = now_ + time;
  while (!events_.empty() && events_.top().at <= end && step()) continue;
  now_ = std::max(now_, end);
}

bool Simulation::run_until(const std::function<bool()>& condition, Nanos limit) {
  const Nanos end = now_ + limit;
  while (!condition()) {
    if (events_.empty() || events_.top().at > end || !step()) return condition();
  }
  return true;
}

void Simulation::violated(const std::string& what) {
  if (problem_.empty()) problem_ = "seed " + std::to_string(options_.seed) + ": " + what;
}

SimNode* Simulation::find(NodeKey key) {
  for (auto& node : nodes_) {
    if (node.key == key) return &node;
  }
  return nullptr;
}

SimNode* Simulation::serving() {
  SimNode* newest = nullptr;
  for (auto& node : nodes_) {
    if (!node.is_alive() || !node.replica->is_serving()) continue;
    if (newest == nullptr || newest->replica->epoch() < node.replica->epoch()) newest = &node;
  }
  return newest;
}

// ---- nodes

void Simulation::start_all() {
  for (auto& node : nodes_) start(node);
  at(0, [this] { connect_all(); });
}

void Simulation::add_node(const std::string& id) {
  SimNode node;
  node.id = id;
  node.key = node_key(id);
  nodes_.push_back(std::move(node));
}

void Simulation::start(SimNode& node) {
  ++node.life;
  Recovered recovered;
  if (!node.disk.state.empty()) {
    auto state = HardState::decode(node.disk.state);
    if (!state) return violated("a state that was written cannot be read");
    recovered.state = std::move(*state);
  } else {
    recovered.state.identity = random_() | 1;
    node.disk.state = recovered.state.encode();
  }
  const auto installing = recovered.state.installing;
  const bool is_installed = installing && installing->base.position.index != 0 &&
                            node.disk.flushed.applied == installing->base.position;
  node.data = node.disk.flushed;
  if (!is_installed) {
    for (const auto& [index, entry] : node.disk.entries) {
      if (index > recovered.state.base.position.index) recovered.entries.push_back(entry);
    }
    recovered.applied = recovered.state.incarnation == 0 ? 0 : node.data.applied.index;
  }
  ReplicaSettings settings;
  settings.node_id = node.id;
  settings.members = members_;
  settings.is_first_leader = number_of(node) == 0;
  settings.peer_timeout = 500 * kMillisecond;
  settings.resend_after = 200 * kMillisecond;
  settings.resume_delay = 300 * kMillisecond;
  settings.hold_limit = 400 * kMillisecond;
  settings.tick_interval = 2 * kSecond;
  settings.promotion_timeout = 1 * kSecond;
  settings.max_append_bytes = 200;
  settings.window_bytes = 2000;
  settings.memory_bytes = 2000;
  settings.retain_min_bytes = 1;
  settings.retain_max_bytes = 400'000;
  settings.now_ms = [this, &node] {
    return static_cast<uint64_t>(static_cast<int64_t>(now_ / kMillisecond) + 1'000'000 +
                                 node.clock_shift_ms);
  };
  settings.seed = random_() | 1;
  if (change_) change_(settings);
  node.replica = std::make_unique<Replica>(std::move(settings), std::move(recovered));
  if (installing) {
    feed(node, [&](Replica& replica, Actions& out) {
      if (is_installed) {
        replica.finish_install(now_, out);
      } else {
        replica.abandon_install(out);
      }
    });
  }
  if (!node.is_alive()) return;
  feed(node, [&](Replica& replica, Actions& out) { replica.start(now_, out); });
  tick(node);
}

void Simulation::crash(SimNode& node) {
  if (!node.is_alive()) return;
  ++counts_.crashes;
  ++node.life;
  node.replica.reset();
  // Of what was on its way to the disk a prefix may have arrived.
  for (uint64_t whole = random(node.pending.size() + 1); whole > 0; --whole) {
    node.disk.carry_out(node.pending.front());
    node.pending.pop_front();
  }
  if (!node.pending.empty() && node.pending.front().kind == JournalOp::Kind::kAppend) {
    JournalOp part = node.pending.front();
    part.entries.resize(random(part.entries.size() + 1));
    node.disk.carry_out(part);
  }
  node.pending.clear();
  node.gathered = {};
  node.is_settling = false;
  node.to_apply.clear();
  node.owners.clear();
  node.results.clear();
  node.wanted.clear();
  node.installing.reset();
  node.is_paused = false;
  const std::size_t self = number_of(node);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (i != self) drop_link(i, self);
  }
  std::vector<uint64_t> lost;
  for (const auto& [request, op] : client_ops_) {
    if (op.node == self) lost.push_back(request);
  }
  for (const uint64_t request : lost) {
    complete(request, Status(StatusCode::OUTCOME_UNKNOWN, "the node crashed"), "");
  }
}

void Simulation::wipe(SimNode& node) {
  crash(node);
  node.disk = SimDisk{};
}

void Simulation::tick(SimNode& node) {
  at_node(node, kTick, [this, &node] {
    tick(node);
    feed(node, [&](Replica& replica, Actions& out) { replica.tick(now_, out); });
  });
}

void Simulation::feed(SimNode& node, const std::function<void(Replica&, Actions&)>& input) {
  if (!node.is_alive()) return;
  input(*node.replica, node.gathered);
  if (node.is_settling) return;
  if (!is_chaotic_ || chance(0.3)) return settle(node);
  // What comes in while a node is busy is settled together, in one go.
  node.is_settling = true;
  at_node(node, some_time(1, 1000) * 1000, [this, &node] {
    node.is_settling = false;
    settle(node);
  });
}

void Simulation::settle(SimNode& node) {
  node.replica->settle(now_, node.gathered);
  perform(node, std::exchange(node.gathered, {}));
}

void Simulation::promote(SimNode& node, bool is_forced) {
  ++counts_.promotions;
  feed(node, [&](Replica& replica, Actions& out) {
    replica.promote({0, uint64_t{1} << 40}, is_forced, now_, out);
  });
}

// Carries out what the protocol wants; a failpoint stops anywhere in between.
void Simulation::perform(SimNode& node, Actions actions) {
  if (!actions.failure.is_ok()) return violated(node.id + ": " + actions.failure.message());
  std::size_t budget = ~std::size_t{0};
  if (failpoint_ > 0 && !actions.journal.empty() && chance(failpoint_)) {
    budget = random(actions.journal.size() + actions.sends.size() + 1);
  }
  const uint64_t life = node.life;
  const auto spend = [&] {
    if (budget != 0) return --budget, true;
    crash(node);
    at(some_time(20, 400) * kMillisecond, [this, &node] {
      if (!node.is_alive()) start(node);
    });
    return false;
  };
  if (actions.disown_from) disown(node, *actions.disown_from);
  for (const auto& accepted : actions.accepted) {
    node.wanted[accepted.origin] = accepted.count;
    for (uint64_t i = 0; i < accepted.count; ++i) {
      node.owners[accepted.first + i] = {accepted.origin, i};
    }
  }
  for (auto& op : actions.journal) {
    if (!spend()) return;
    write_journal(node, std::move(op));
  }
  for (auto& one : actions.sends) {
    if (!spend()) return;
    send(node, one);
  }
  for (auto& entry : actions.applies) {
    if (node.to_apply.empty()) {
      at_node(node, some_time(50, 2000) * 1000, [this, &node] { apply_some(node); });
    }
    node.to_apply.push_back(std::move(entry));
  }
  for (const auto& read : actions.reads) {
    at_node(node, some_time(100, 2000) * 1000, [this, &node, read] {
      std::vector<Entry> entries;
      for (uint64_t i = read.from; i <= read.to && entries.size() < 5; ++i) {
        const auto found = node.disk.entries.find(i);
        if (found == node.disk.entries.end()) break;
        entries.push_back(found->second);
      }
      feed(node, [&](Replica& replica, Actions& out) {
        replica.log_read(read.ticket, std::move(entries), now_, out);
      });
    });
  }
  for (const auto& answer : actions.answers) finish(node, answer);
  for (const NodeKey peer : actions.checkpoints) offer_checkpoint(node, peer);
  if (actions.greet_anew && node.life == life) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (i != number_of(node)) drop_link(i, number_of(node));
    }
  }
}

// ---- disk

void Simulation::write_journal(SimNode& node, JournalOp op) {
  const uint64_t sequence = op.sequence;
  node.pending.push_back(std::move(op));
  if (options_.lies_about_sync) {
    at_node(node, 1000, [this, &node, sequence] {
      feed(node,
           [&](Replica& replica, Actions& out) { replica.journal_done(sequence, now_, out); });
    });
    if (node.pending.size() == 1) {
      at_node(node, 300 * kMillisecond, [this, &node] { disk_done(node); });
    }
    return;
  }
  if (node.pending.size() == 1) {
    at_node(node, some_time(disk_delay_ / 4, disk_delay_ * 2), [this, &node] { disk_done(node); });
  }
}

void Simulation::disk_done(SimNode& node) {
  if (node.pending.empty()) return;
  const uint64_t sequence = node.pending.front().sequence;
  node.disk.carry_out(node.pending.front());
  node.pending.pop_front();
  if (!node.pending.empty()) {
    at_node(node, some_time(disk_delay_ / 4, disk_delay_ * 2), [this, &node] { disk_done(node); });
  }
  if (options_.lies_about_sync) return;
  // The write is there; whether anybody hears of it is another matter.
  if (failpoint_ > 0 && chance(failpoint_ / 2)) {
    crash(node);
    return at(100 * kMillisecond, [this, &node] {
      if (!node.is_alive()) start(node);
    });
  }
  feed(node, [&](Replica& replica, Actions& out) { replica.journal_done(sequence, now_, out); });
  if (node.is_alive() && node.installing && sequence >= node.install_sequence) install(node);
}

// ---- network

void Simulation::block(std::size_t from, std::size_t to, bool is_blocked) {
  if (is_blocked) {
    blocked_.insert({from, to});
  } else {
    blocked_.erase({from, to});
  }
}

void Simulation::connect_all() {
  at(kConnectEvery, [this] { connect_all(); });
  for (std::size_t a = 0; a < nodes_.size(); ++a) {
    for (std::size_t b = a + 1; b < nodes_.size(); ++b) {
      SimNode& first = nodes_[a];
      SimNode& second = nodes_[b];
      if (link(a, b).is_up || !first.is_alive() || !second.is_alive()) continue;
      if (first.is_paused || second.is_paused) continue;
      if (blocked_.contains({a, b}) || blocked_.contains({b, a})) continue;
      const PeerHello of_first = first.replica->own_hello("http://" + first.id);
      const PeerHello of_second = second.replica->own_hello("http://" + second.id);
      const Status there = second.replica->admit(of_first);
      const Status here = first.replica->admit(of_second);
      if (!there || !here) {
        refusals_.push_back(there ? here.message() : there.message());
        continue;
      }
      link(a, b).is_up = true;
      ++link(a, b).session;
      feed(first, [&](Replica& replica, Actions& out) { replica.peer_up(of_second, now_, out); });
      if (!link(a, b).is_up) continue;
      feed(second, [&](Replica& replica, Actions& out) { replica.peer_up(of_first, now_, out); });
    }
  }
}

void Simulation::drop_link(std::size_t a, std::size_t b) {
  Link& dropped = link(a, b);
  if (!dropped.is_up) return;
  dropped.is_up = false;
  const auto tell = [&](std::size_t node, std::size_t peer) {
    feed(nodes_[node],
         [&](Replica& replica, Actions& out) { replica.peer_down(nodes_[peer].key, now_, out); });
  };
  tell(a, b);
  tell(b, a);
}

void Simulation::send(SimNode& node, const Send& send) {
  SimNode* const target = find(send.to);
  if (target == nullptr) return;
  const std::size_t from = number_of(node);
  const std::size_t to = number_of(*target);
  if (!link(from, to).is_up || blocked_.contains({from, to}) || chance(loss_)) return;
  std::string bytes;
  encode(send.message, bytes);
  const uint8_t type = type_of(send.message);
  const uint64_t session = link(from, to).session;
  const int copies = is_chaotic_ && chance(0.02) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const Nanos delay =
        is_chaotic_ && chance(0.02) ? some_time(1, 80) * kMillisecond : some_time(100, 1500) * 1000;
    at(delay, [this, from, to, session, type, bytes] { deliver(from, to, session, type, bytes); });
  }
}

void Simulation::deliver(std::size_t from, std::size_t to, uint64_t session, uint8_t type,
                         const std::string& bytes) {
  if (!link(from, to).is_up || link(from, to).session != session) return;
  SimNode& node = nodes_[to];
  if (!node.is_alive()) return;
  if (node.is_paused) {
    return at(10 * kMillisecond,
              [this, from, to, session, type, bytes] { deliver(from, to, session, type, bytes); });
  }
  auto message = decode(type, std::make_shared<const std::string>(bytes), 0);
  if (!message) return violated("decode: " + message.error().message());
  if (const auto* offer = std::get_if<CheckpointOffer>(&*message)) {
    return on_offer(node, nodes_[from].key, *offer);
  }
  if (std::get_if<CheckpointEnd>(&*message) != nullptr) {
    return feed(node, [&](Replica& replica, Actions&) {
      replica.checkpoint_ended(nodes_[from].key, now_);
    });
  }
  feed(node, [&](Replica& replica, Actions& out) {
    replica.receive(nodes_[from].key, std::move(*message), now_, out);
  });
}

// ---- state machine

void Simulation::apply_some(SimNode& node) {
  std::vector<Answer> finished;
  while (!node.to_apply.empty()) {
    const Entry entry = std::move(node.to_apply.front());
    node.to_apply.pop_front();
    if (entry.index != node.data.applied.index + 1) {
      return violated(node.id + " applies " + to_string(entry.position()) + " after " +
                      to_string(node.data.applied));
    }
    if (entry.now_ms() < node.data.last_now_ms) return violated("log time went back");
    const auto [at, is_new] = committed_.try_emplace(
        entry.index, Committed{entry.epoch(), std::string(entry.payload.bytes)});
    if (at->second.epoch != entry.epoch() || at->second.payload != entry.payload.bytes) {
      return violated(node.id + " applies another entry at " + to_string(entry.position()));
    }
    const auto body = entry.body();
    committed_values_.insert(std::string(body.substr(std::min(body.find('=') + 1, body.size()))));
    node.data.apply(entry);
    const auto owner = node.owners.find(entry.index);
    if (owner == node.owners.end()) continue;
    const Origin origin = owner->second.first;
    node.owners.erase(owner);
    auto& results = node.results[origin];
    results.push_back(std::to_string(entry.index));
    if (results.size() < node.wanted[origin]) continue;
    finished.push_back({origin, ForwardKind::kPropose, {}, 0, 0, results});
    node.results.erase(origin);
    node.wanted.erase(origin);
  }
  if (chance(0.15)) {
    node.disk.flushed = node.data;
    node.replica->state_durable(node.data.applied.index);
  }
  for (const auto& answer : finished) finish(node, answer);
  feed(node, [&](Replica& replica, Actions& out) {
    replica.applied(node.data.applied.index, now_, out);
  });
  serve_waiting_reads(node);
}

void Simulation::disown(SimNode& node, uint64_t from) {
  std::set<Origin> lost;
  for (auto at = node.owners.lower_bound(from); at != node.owners.end();) {
    lost.insert(at->second.first);
    at = node.owners.erase(at);
  }
  for (const Origin& origin : lost) {
    finish(node, {origin,
                  ForwardKind::kPropose,
                  Status(StatusCode::OUTCOME_UNKNOWN, "the leader was deposed"),
                  0,
                  0,
                  {}});
  }
}

void Simulation::finish(SimNode& node, const Answer& answer) {
  if (answer.origin.peer != 0) {
    ForwardReply reply{answer.origin.request, answer.status, answer.outcomes, answer.index,
                       answer.now_ms};
    return send(node, {answer.origin.peer, std::move(reply)});
  }
  if (answer.kind == ForwardKind::kCommand) {
    command_answers_.push_back(answer);
    return;
  }
  if (answer.kind == ForwardKind::kPropose || !answer.status.is_ok()) {
    return complete(answer.origin.request, answer.status, "");
  }
  waiting_reads_.push_back({number_of(node), node.life, answer.origin.request, answer.index});
  serve_waiting_reads(node);
}

void Simulation::serve_waiting_reads(SimNode& node) {
  if (!node.is_alive()) return;
  const std::size_t self = number_of(node);
  std::vector<uint64_t> due;
  std::erase_if(waiting_reads_, [&](const WaitingRead& read) {
    if (read.node != self || read.life != node.life) return read.node == self;
    if (read.index > node.data.applied.index) return false;
    due.push_back(read.request);
    return true;
  });
  for (const uint64_t request : due) {
    const auto op = client_ops_.find(request);
    if (op == client_ops_.end()) continue;
    const auto value = node.data.values.find(op->second.key);
    complete(request, {}, value == node.data.values.end() ? "" : value->second);
  }
}

// ---- checkpoints: the state in one message; the transfers have tests of their own

void Simulation::offer_checkpoint(SimNode& node, NodeKey to) {
  auto offer = node.replica->offer_at(node.data.applied.index);
  if (!offer) {
    node.replica->checkpoint_ended(to, now_);
    return;
  }
  ++counts_.checkpoints;
  offer->transfer = ++next_order_;
  offer->manifest = node.data.digest();
  node.replica->retain_for_checkpoint(to, offer->position.index);
  send(node, {to, std::move(*offer)});
  at_node(node, 300 * kMillisecond,
          [this, &node, to] { node.replica->checkpoint_ended(to, now_); });
}

void Simulation::on_offer(SimNode& node, NodeKey from, const CheckpointOffer& offer) {
  if (node.installing || !node.to_apply.empty() || !node.replica->accepts_checkpoint(offer)) {
    return send(node, {from, CheckpointEnd{offer.transfer, {}}});
  }
  node.installing = offer;
  node.install_from = from;
  feed(node, [&](Replica& replica, Actions& out) {
    node.install_sequence = replica.begin_install(offer, out);
  });
}

void Simulation::install(SimNode& node) {
  at_node(node, some_time(1, 30) * kMillisecond, [this, &node] {
    if (!node.installing) return;
    const CheckpointOffer offer = *node.installing;
    node.installing.reset();
    SimData data;
    data.applied = offer.position;
    std::size_t at = 0;
    while (at < offer.manifest.size()) {
      const auto equals = offer.manifest.find('=', at);
      const auto end = offer.manifest.find(';', at);
      data.values[offer.manifest.substr(at, equals - at)] =
          offer.manifest.substr(equals + 1, end - equals - 1);
      at = end + 1;
    }
    node.data = node.disk.flushed = data;
    if (failpoint_ > 0 && chance(0.3)) {
      crash(node);
      return this->at(50 * kMillisecond, [this, &node] {
        if (!node.is_alive()) start(node);
      });
    }
    feed(node, [&](Replica& replica, Actions& out) { replica.finish_install(now_, out); });
    serve_waiting_reads(node);
  });
}

}  // namespace kvhost::leader_follower::testing
