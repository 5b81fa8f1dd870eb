#include "node/cluster_node.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "kvhost/replication_wire.hpp"

namespace kvhost::leader_follower {

namespace {

constexpr std::chrono::milliseconds kTick{10};
constexpr Nanos kViewAge = 100 * kMillisecond;

Status stopping() { return {StatusCode::DRAINING, "the node is shutting down"}; }

}  // namespace

Nanos ClusterNode::now() {
  return static_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch() /
                            std::chrono::nanoseconds(1));
}

Nanos ClusterNode::deadline_of(const kvh_call& call) const {
  if (call.deadline_ns != 0) return call.deadline_ns;
  return now() + static_cast<Nanos>(node_.request_timeout.count());
}

// ---- requests from any thread

void ClusterNode::propose(const kvh_call& call, std::span<const std::string_view> batches,
                          ProposalDone done) {
  if (batches.empty()) return done.finish({});
  Request request;
  request.deadline = deadline_of(call);
  request.batches.reserve(batches.size());
  for (const auto batch : batches) request.batches.push_back(draft_payload(batch));
  request.proposal = done;
  post_request(std::move(request));
}

void ClusterNode::read(const kvh_call& call, BarrierDone done) {
  Request request;
  request.kind = ForwardKind::kBarrier;
  request.level = call.read_level;
  if (request.level == KVH_READ_DEFAULT) {
    request.level =
        options_.members.reads_are_linearizable() ? KVH_READ_LINEARIZABLE : KVH_READ_LEADER;
  }
  if (request.level == KVH_READ_LOCAL)
    return done.grant(machine_.applied().index, machine_.now_ms());
  request.deadline = deadline_of(call);
  request.barrier = done;
  post_request(std::move(request));
}

void ClusterNode::post_request(Request request) {
  bool is_first = false;
  bool is_taken = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    if (is_open_) {
      is_first = inbox_.empty();
      is_taken = true;
      inbox_.push_back(std::move(request));
    }
  }
  if (!is_taken) {
    if (request.proposal) return request.proposal->finish(stopping());
    return request.barrier->refuse(stopping());
  }
  if (is_first) boost::asio::post(loop_, [this] { take_requests(); });
}

void ClusterNode::take_requests() {
  std::vector<Request> requests;
  {
    const std::lock_guard lock(inbox_mutex_);
    requests.swap(inbox_);
  }
  const Nanos time = now();
  for (auto& request : requests) {
    const Origin origin{0, next_request_++};
    if (!failure_.is_ok()) {
      if (request.proposal) request.proposal->finish(failure_);
      if (request.barrier) request.barrier->refuse(failure_);
    } else if (request.proposal) {
      if (is_disk_full_ && replica_->role() == Role::kLeader) {
        request.proposal->finish(Status(StatusCode::NO_SPACE, "the journal's file system is full"));
        continue;
      }
      auto proposal = std::make_shared<Proposal>();
      proposal->origin = origin;
      proposal->done = request.proposal;
      proposal->count = request.batches.size();
      proposal->deadline = request.deadline;
      proposals_[origin.request] = std::move(proposal);
      replica_->propose(origin, request.deadline, std::move(request.batches), time, actions_);
    } else {
      barriers_.emplace(origin.request, *request.barrier);
      replica_->read(origin, request.level, request.deadline, time, actions_);
    }
  }
  touch();
}

// ---- the loop

// Settles once for all that is ready now.
void ClusterNode::touch() {
  if (std::exchange(is_settling_posted_, true)) return;
  boost::asio::post(loop_, [this] {
    is_settling_posted_ = false;
    settle();
  });
}

void ClusterNode::settle() {
  replica_->settle(now(), actions_);
  Actions actions = std::move(actions_);
  actions_ = Actions{};
  perform(std::move(actions));
}

void ClusterNode::perform(Actions actions) {
  for (const auto& line : actions.log) log_.info(line);
  for (auto& one : actions.sends) mesh_->send(one.to, one.message);
  if (actions.disown_from) disown(*actions.disown_from);
  for (const auto& accepted : actions.accepted) accept(accepted);
  for (auto& op : actions.journal) journal_driver_->submit(std::move(op));
  if (!actions.applies.empty()) apply(std::move(actions.applies));
  for (const auto& request : actions.reads) {
    journal_driver_->read(request, [this, ticket = request.ticket](std::vector<Entry> entries) {
      boost::asio::post(loop_, [this, ticket, entries = std::move(entries)]() mutable {
        replica_->log_read(ticket, std::move(entries), now(), actions_);
        touch();
      });
    });
  }
  for (auto& answer : actions.answers) deliver(std::move(answer));
  for (const NodeKey peer : actions.checkpoints) transfers_->offer(peer);
  if (actions.members_changed) mesh_->set_targets(replica_->others());
  if (actions.greet_anew) {
    mesh_->drop_all(Status(StatusCode::CONNECTION_FAILED, "the nodes greet each other anew"));
  }
  if (actions.role_changed || actions.greet_anew) refresh_view();
  if (!actions.failure.is_ok()) fail(actions.failure);
}

void ClusterNode::accept(const Accepted& accepted) {
  std::shared_ptr<Proposal> proposal;
  if (accepted.origin.peer == 0) {
    const auto at = proposals_.find(accepted.origin.request);
    if (at == proposals_.end()) return;
    proposal = std::move(at->second);
    proposals_.erase(at);
  } else {
    proposal = std::make_shared<Proposal>();
    proposal->origin = accepted.origin;
    proposal->count = accepted.count;
  }
  for (uint64_t i = 0; i < accepted.count; ++i) {
    owners_.push_back({accepted.first + i, proposal, i});
  }
}

void ClusterNode::disown(uint64_t from) {
  while (!owners_.empty() && owners_.back().index >= from) {
    const auto proposal = std::move(owners_.back().proposal);
    owners_.pop_back();
    finish(proposal, Status(StatusCode::OUTCOME_UNKNOWN,
                            "the leader was deposed while the batch was on its way"));
  }
}

// Ends a proposal early; what comes for it later is dropped.
void ClusterNode::finish(const std::shared_ptr<Proposal>& proposal, const Status& status) {
  if (proposal->handed_out != 0) {
    // A part of it is being applied: the rest ends behind that, on the same thread.
    return applies_->run([this, proposal, status] {
      if (std::exchange(proposal->finished, proposal->count) == proposal->count) return;
      end_early(*proposal, status);
    });
  }
  if (std::exchange(proposal->finished, proposal->count) == proposal->count) return;
  end_early(*proposal, status);
}

void ClusterNode::end_early(const Proposal& proposal, const Status& status) {
  if (proposal.done) return proposal.done->finish(status);
  ForwardReply reply;
  reply.request = proposal.origin.request;
  reply.status = status;
  boost::asio::post(loop_, [this, to = proposal.origin.peer, reply = std::move(reply)] {
    mesh_->send(to, reply);
  });
}

void ClusterNode::apply(std::vector<Entry> entries) {
  std::vector<ApplyItem> items;
  items.reserve(entries.size());
  for (auto& entry : entries) {
    ApplyItem item{std::move(entry), nullptr, 0};
    while (!owners_.empty() && owners_.front().index < item.entry.index) owners_.pop_front();
    if (!owners_.empty() && owners_.front().index == item.entry.index) {
      Owner& owner = owners_.front();
      // One that was answered at its deadline has no reader any more.
      if (owner.proposal->handed_out != 0 || owner.proposal->finished == 0) {
        ++owner.proposal->handed_out;
        item.proposal = std::move(owner.proposal);
        item.offset = owner.offset;
      }
      owners_.pop_front();
    }
    items.push_back(std::move(item));
  }
  applies_->submit(replica_->state().incarnation, std::move(items));
}

void ClusterNode::deliver(Answer answer) {
  if (answer.origin.peer != 0) {
    ForwardReply reply;
    reply.request = answer.origin.request;
    reply.status = std::move(answer.status);
    reply.index = answer.index;
    reply.now_ms = answer.now_ms != 0 ? answer.now_ms : machine_.now_ms();
    reply.outcomes = std::move(answer.outcomes);
    return mesh_->send(answer.origin.peer, std::move(reply));
  }
  const uint64_t request = answer.origin.request;
  if (answer.kind == ForwardKind::kCommand) {
    const auto at = commands_.find(request);
    if (at == commands_.end()) return;
    const CommandEnd end = std::move(at->second.end);
    commands_.erase(at);
    return end(answer.status, "{}");
  }
  if (answer.kind == ForwardKind::kBarrier) {
    const auto at = barriers_.find(request);
    if (at == barriers_.end()) return;
    const BarrierDone done = at->second;
    barriers_.erase(at);
    if (!answer.status.is_ok()) return done.refuse(answer.status);
    return done.grant(answer.index, answer.now_ms != 0 ? answer.now_ms : machine_.now_ms());
  }
  const auto at = proposals_.find(request);
  if (at == proposals_.end()) return;
  const auto proposal = std::move(at->second);
  proposals_.erase(at);
  proposal->finished = proposal->count;
  if (!answer.status.is_ok()) return proposal->done->finish(answer.status);
  for (uint64_t i = 0; i < answer.outcomes.size() && i < proposal->count; ++i) {
    const auto outcome = decode_outcome(answer.outcomes[i]);
    if (!outcome)
      return proposal->done->finish(Status(StatusCode::OUTCOME_UNKNOWN, outcome.error().message()));
    const kvh_result result = outcome->result();
    proposal->done->result(i, outcome->status, outcome->has_result ? &result : nullptr);
  }
  proposal->done->finish({});
}

void ClusterNode::on_message(NodeKey from, Message message) {
  if (!failure_.is_ok()) return;
  if (auto* offer = std::get_if<CheckpointOffer>(&message)) {
    transfers_->offered(from, std::move(*offer));
  } else if (auto* ask = std::get_if<CheckpointAsk>(&message)) {
    transfers_->asked(from, std::move(*ask));
  } else if (auto* chunk = std::get_if<CheckpointChunk>(&message)) {
    transfers_->chunk(from, std::move(*chunk));
  } else if (auto* end = std::get_if<CheckpointEnd>(&message)) {
    transfers_->ended(from, *end);
  } else if (auto* forward = std::get_if<Forward>(&message);
             forward != nullptr && forward->kind == ForwardKind::kCommand) {
    on_command(from, *forward);
  } else if (auto* reply = std::get_if<ForwardReply>(&message);
             reply != nullptr && commands_.contains(reply->request)) {
    const CommandEnd end_command = std::move(commands_.at(reply->request).end);
    commands_.erase(reply->request);
    end_command(reply->status, reply->outcomes.empty() ? "{}" : reply->outcomes.front());
  } else {
    replica_->receive(from, std::move(message), now(), actions_);
  }
  touch();
}

void ClusterNode::tick() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) tick();
  });
  const Nanos time = now();
  replica_->tick(time, actions_);
  transfers_->tick();
  expire_commands(time);
  for (auto& owner : owners_) {
    if (owner.proposal->deadline == 0 || time < owner.proposal->deadline) continue;
    owner.proposal->deadline = 0;
    finish(owner.proposal, Status(StatusCode::OUTCOME_UNKNOWN,
                                  "the batch was ordered, but write_quorum nodes did not have it "
                                  "within the deadline"));
  }
  if (time - last_view_ >= kViewAge) refresh_view();
  touch();
}

// ---- the end

void ClusterNode::fail(const Status& why) {
  if (!failure_.is_ok()) return;
  log_.error("this node takes no part in the cluster any more: " + why.message());
  failure_ =
      Status(why.code() == StatusCode::CORRUPTION ? StatusCode::CORRUPTION : StatusCode::READ_ONLY,
             "replication has stopped on this node: " + why.message());
  mesh_->drop_all(Status(StatusCode::CONNECTION_FAILED, "this node has failed"));
  mesh_->close();
  refuse_all(failure_);
  refresh_view();
}

void ClusterNode::refuse_all(const Status& why) {
  while (!owners_.empty()) {
    const auto proposal = std::move(owners_.front().proposal);
    owners_.pop_front();
    if (proposal) finish(proposal, Status(StatusCode::OUTCOME_UNKNOWN, why.message()));
  }
  // What was forwarded may have been carried out by the leader.
  for (auto& [request, proposal] : std::exchange(proposals_, {})) {
    proposal->done->finish(Status(StatusCode::OUTCOME_UNKNOWN, why.message()));
  }
  for (auto& [request, barrier] : std::exchange(barriers_, {})) barrier.refuse(why);
  for (auto& [request, command] : std::exchange(commands_, {})) command.end(why, "");
}

}  // namespace kvhost::leader_follower
