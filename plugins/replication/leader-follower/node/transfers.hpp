// Checkpoints to and from peers: the sending end reads and paces, the receiving end installs.
//
// Threads:   one, the loop's; reading and installing happen on a thread of their own, the commit on
//            the applying thread.
// Lifetime:  stop() before the loop, the apply driver or the state machine go.
// Errors:    a transfer that fails is given up and told to the other side; the leader tries anew.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kvhost/context.hpp"
#include "kvhost/replication.hpp"
#include "node/apply_driver.hpp"
#include "node/work_thread.hpp"
#include "protocol/checkpoint_receiver.hpp"
#include "protocol/replica.hpp"

namespace kvhost::leader_follower {

class Transfers {
 public:
  // What a transfer needs from the node; all on the loop.
  struct Node {
    boost::asio::io_context& loop;
    Replica& replica;
    ApplyDriver& applies;
    std::function<void(NodeKey, const Message&)> send;
    std::function<Actions&()> actions;  // to be settled
    std::function<void(uint64_t sequence, std::function<void()>)> when_durable;
    std::function<Nanos()> now;
  };
  Transfers(Node node, StateMachine machine, Log log, uint64_t bytes_per_second);

  // The leader's side.
  void offer(NodeKey peer);
  void asked(NodeKey peer, CheckpointAsk ask);
  void ended(NodeKey peer, const CheckpointEnd& end);
  // The follower's side.
  void offered(NodeKey from, CheckpointOffer offer);
  void chunk(NodeKey from, CheckpointChunk chunk);

  void tick();
  void stop();
  uint64_t sent() const { return sent_; }
  uint64_t received() const { return received_; }
  bool is_receiving() const { return receiving_.has_value(); }

 private:
  struct Sending {
    uint64_t transfer = 0;
    std::optional<StateMachine::Checkpoint> checkpoint;
    std::deque<CheckpointAsk> asks;
    Nanos last_asked = 0;
  };
  struct Receiving {
    NodeKey from = 0;
    CheckpointOffer offer;
    uint64_t install = 0;
    std::optional<CheckpointReceiver> pieces;
    std::size_t writes_under_way = 0;
    bool is_committing = false;
  };
  void opened(NodeKey peer, uint64_t transfer, Result<StateMachine::Checkpoint> checkpoint);
  void offer_again(NodeKey peer, Sending& sending);
  void serve_asks(NodeKey peer, Sending& sending);
  void end_sending(NodeKey peer);
  void begun(uint64_t transfer, const Result<uint64_t>& install);
  void ask_what_is_wanted();
  void ask_more();
  void maybe_commit();
  void committed(const Status& status);
  void give_up(const Status& why, bool tells_peer);
  void on_loop(std::function<void()> then);

  Node node_;
  const StateMachine machine_;
  const Log log_;
  const uint64_t bytes_per_second_;
  uint64_t next_transfer_;
  std::map<NodeKey, Sending> sending_;
  std::optional<Receiving> receiving_;
  double tokens_ = 0;
  Nanos refilled_ = 0;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  WorkThread thread_{"kvhost-lf-copy"};
};

}  // namespace kvhost::leader_follower
