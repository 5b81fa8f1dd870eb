// Start and stop of a ClusterNode, and what it finds on disk.
#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <random>
#include <utility>

#include "node/cluster_node.hpp"

namespace kvhost::leader_follower {
namespace {

constexpr const char* kJournalName = "leader-follower";
// A frame holds at least one batch, whatever its size.
constexpr uint64_t kFrameSlackBytes = uint64_t{4} << 20;

uint64_t random_number() {
  std::random_device device;
  const uint64_t number = (static_cast<uint64_t>(device()) << 32) | device();
  return number == 0 ? 1 : number;
}

}  // namespace

ClusterNode::ClusterNode(const Context& context, LeaderFollowerOptions options,
                         StateMachine machine)
    : context_(context),
      log_(context.log()),
      node_(context.node()),
      options_(std::move(options)),
      machine_(machine) {}

ClusterNode::~ClusterNode() { stop(); }

Status ClusterNode::start() {
  std::shared_ptr<boost::asio::ssl::context> tls;
  if (options_.tls.is_used()) {
    KVHOST_TRY_ASSIGN(tls, tls_context(options_.tls));
  } else {
    log_.info("links between peers are not encrypted: see tls_ca");
  }
  KVHOST_TRY_ASSIGN(journal_, Journal::open(context_, kJournalName));
  KVHOST_TRY_ASSIGN(Recovered recovered, recover());
  const bool finishes_install = recovered.state.installing.has_value();
  replica_ = std::make_unique<Replica>(replica_settings(), std::move(recovered));
  if (finishes_install) replica_->finish_install(now(), actions_);
  make_parts(tls);
  KVHOST_TRY(mesh_->listen());
  log_.info("listening for peers on " + mesh_->address());
  if (!options_.members.reads_are_linearizable()) {
    log_.warning("write_quorum " + std::to_string(options_.members.write_quorum()) +
                 " and read_quorum " + std::to_string(options_.members.read_quorum()) +
                 " together are not larger than the cluster of " +
                 std::to_string(options_.members.count()) + ": linearizable reads are not offered");
  }
  machine_.on_durable(
      [](void* ctx, const kvh_position* position) noexcept {
        auto& self = *static_cast<ClusterNode*>(ctx);
        const uint64_t index = position->index;
        const std::lock_guard lock(self.inbox_mutex_);
        if (!self.is_open_) return;
        boost::asio::post(self.loop_, [&self, index] { self.replica_->state_durable(index); });
      },
      this);
  {
    const std::lock_guard lock(inbox_mutex_);
    is_open_ = true;
  }
  work_.emplace(loop_.get_executor());
  boost::asio::post(loop_, [this] {
    mesh_->start();
    mesh_->set_targets(replica_->others());
    replica_->state_durable(machine_.durable().index);
    replica_->start(now(), actions_);
    tick();
  });
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "kvhost-lf");
    loop_.run();
  });
  return {};
}

// What the journal remembers, set against what the state machine holds.
Result<Recovered> ClusterNode::recover() {
  KVHOST_TRY_ASSIGN(auto found, JournalDriver::recover(*journal_));
  Recovered recovered;
  const Position applied = machine_.applied();
  if (!found.state.empty()) {
    KVHOST_TRY_ASSIGN(recovered.state, HardState::decode(found.state));
  }
  KVHOST_TRY(resolve_install(recovered));
  const uint64_t base = recovered.state.base.position.index;
  if (!recovered.state.installing) {
    for (auto& entry : found.entries) {
      if (entry.index > base) recovered.entries.push_back(std::move(entry));
    }
  }
  const uint64_t last = recovered.entries.empty() ? base : recovered.entries.back().index;
  if (!recovered.entries.empty() && recovered.entries.front().index != base + 1) {
    return Status(StatusCode::CORRUPTION, "journal: expected its first entry at index " +
                                              std::to_string(base + 1) + ", found " +
                                              std::to_string(recovered.entries.front().index));
  }
  const bool has_joined = recovered.state.incarnation != 0;
  if (has_joined && !recovered.state.installing && (applied.index < base || applied.index > last)) {
    // Another strategy, or another journal, has been at work since: a new life begins.
    log_.warning("the state is at index " + std::to_string(applied.index) +
                 ", the journal holds what follows " + std::to_string(base) + " up to " +
                 std::to_string(last) +
                 ": they do not belong together. The node starts as a new one");
    recovered = Recovered{};
  }
  recovered.applied = recovered.state.incarnation == 0 ? 0 : applied.index;
  if (recovered.state.identity == 0) {
    recovered.state.identity = random_number();
    KVHOST_TRY(JournalDriver::store_state(*journal_, recovered.state));
  }
  return recovered;
}

// A crash during an install: the new state is there, or the old one still is.
Status ClusterNode::resolve_install(Recovered& recovered) {
  if (!recovered.state.installing) return {};
  const auto& position = recovered.state.installing->base.position;
  const Position applied = machine_.applied();
  const bool is_there = position.index != 0 && applied.index == position.index &&
                        applied.term == position.epoch.counter;
  if (is_there) return {};
  recovered.state.installing.reset();
  return JournalDriver::store_state(*journal_, recovered.state);
}

ReplicaSettings ClusterNode::replica_settings() const {
  ReplicaSettings settings;
  settings.node_id = node_.node_id;
  settings.members = options_.members;
  settings.is_first_leader = options_.leader == node_.node_id;
  settings.forwards = options_.forward;
  settings.heartbeat = options_.heartbeat;
  settings.peer_timeout = options_.peer_timeout;
  settings.resume_delay = options_.resume_delay;
  settings.retain_min_bytes = options_.retain_log;
  settings.retain_max_bytes = std::max(options_.retain_log, options_.retain_log_max);
  settings.now_ms = [machine = machine_] { return machine.now_ms(); };
  settings.seed = random_number();
  return settings;
}

void ClusterNode::make_parts(const std::shared_ptr<boost::asio::ssl::context>& tls) {
  const auto on_loop = [this](auto then) { boost::asio::post(loop_, std::move(then)); };
  journal_driver_ = std::make_unique<JournalDriver>(
      *journal_,
      JournalDriver::Callbacks{[this, on_loop](uint64_t sequence) {
                                 on_loop([this, sequence] { journal_reached(sequence); });
                               },
                               [this, on_loop](const Status& why) {
                                 on_loop([this, why] { fail(why.with_context("journal")); });
                               },
                               [this, on_loop](bool is_full) {
                                 on_loop([this, is_full] { is_disk_full_ = is_full; });
                               }});
  applies_ = std::make_unique<ApplyDriver>(
      machine_, ApplyDriver::Callbacks{
                    [this, on_loop](uint64_t index) {
                      on_loop([this, index] {
                        replica_->applied(index, now(), actions_);
                        touch();
                      });
                    },
                    [this, on_loop](std::shared_ptr<Proposal> proposal) {
                      on_loop([this, proposal = std::move(proposal)] {
                        ForwardReply reply;
                        reply.request = proposal->origin.request;
                        reply.outcomes = std::move(proposal->outcomes);
                        mesh_->send(proposal->origin.peer, std::move(reply));
                      });
                    },
                    [this, on_loop](const Status& why) { on_loop([this, why] { fail(why); }); }});
  MeshSettings settings;
  settings.node_id = node_.node_id;
  settings.listen = options_.listen;
  settings.link.max_frame_bytes = node_.max_batch_bytes + kFrameSlackBytes;
  settings.link.max_output_bytes = settings.link.max_frame_bytes * 2;
  settings.link.silence = std::max<Nanos>(options_.peer_timeout * 2, 2 * kSecond);
  settings.tls = tls;
  mesh_ = std::make_unique<Mesh>(
      loop_, std::move(settings), log_,
      Mesh::Callbacks{
          [this] {
            Hello hello;
            hello.cluster_id = options_.cluster_id;
            hello.peer = replica_->own_hello(options_.advertise);
            return hello;
          },
          [this](const PeerHello& hello) { return replica_->admit(hello); },
          [this](const PeerHello& hello) {
            log_.info("linked with " + hello.id);
            replica_->peer_up(hello, now(), actions_);
            touch();
          },
          [this](NodeKey peer) {
            replica_->peer_down(peer, now(), actions_);
            drop_commands_to(peer);
            touch();
          },
          [this](NodeKey from, Message message) { on_message(from, std::move(message)); }});
  transfers_ = std::make_unique<Transfers>(
      Transfers::Node{loop_, *replica_, *applies_,
                      [this](NodeKey to, const Message& message) { mesh_->send(to, message); },
                      [this]() -> Actions& {
                        touch();
                        return actions_;
                      },
                      [this](uint64_t sequence, std::function<void()> then) {
                        if (journal_done_ >= sequence) return then();
                        when_durable_.emplace(sequence, std::move(then));
                      },
                      &ClusterNode::now},
      machine_, log_, options_.checkpoint_rate);
}

void ClusterNode::journal_reached(uint64_t sequence) {
  journal_done_ = std::max(journal_done_, sequence);
  replica_->journal_done(sequence, now(), actions_);
  while (!when_durable_.empty() && when_durable_.begin()->first <= sequence) {
    const auto then = std::move(when_durable_.begin()->second);
    when_durable_.erase(when_durable_.begin());
    then();
  }
  touch();
}

void ClusterNode::stop() {
  {
    const std::lock_guard lock(inbox_mutex_);
    is_open_ = false;
  }
  if (thread_.joinable()) {
    machine_.on_durable([](void*, const kvh_position*) noexcept {}, nullptr);
    std::promise<void> closed;
    boost::asio::post(loop_, [this, &closed] {
      take_requests();
      timer_.cancel();
      mesh_->close();
      closed.set_value();
    });
    closed.get_future().wait();
    // What is on its way ends: the disk, what is to be applied, then the journal itself.
    transfers_->stop();
    journal_driver_->stop();
    applies_->stop();
    journal_.reset();
    std::promise<void> refused;
    boost::asio::post(loop_, [this, &refused] {
      refuse_all(Status(StatusCode::DRAINING, "the node is shutting down"));
      refused.set_value();
    });
    refused.get_future().wait();
    work_.reset();
    loop_.stop();
    thread_.join();
  }
  transfers_.reset();
  mesh_.reset();
  journal_driver_.reset();
  applies_.reset();
  journal_.reset();
}

}  // namespace kvhost::leader_follower
