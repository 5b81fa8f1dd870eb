// The protocol at work: a Replica driven by sockets, journal, state machine and time.
//
// Everything happens on one loop thread; requests come in batches, and so do journal writes and
// frames: what is ready together is settled together.
//
// Threads:   start and stop on the control thread; propose, read, command, status and leader_hint
//            on any; the rest on the loop's.
// Lifetime:  stop() answers everything that was asked.
// Errors:    start(): what is wrong with journal, state or address. Later failures of disk or state
//            machine end the node's part in the cluster: it refuses everything with the cause.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kvhost/context.hpp"
#include "kvhost/journal.hpp"
#include "kvhost/replication.hpp"
#include "node/apply_driver.hpp"
#include "node/journal_driver.hpp"
#include "node/mesh.hpp"
#include "node/options.hpp"
#include "node/transfers.hpp"
#include "protocol/replica.hpp"

namespace kvhost::leader_follower {

class ClusterNode {
 public:
  ClusterNode(const Context& context, LeaderFollowerOptions options, StateMachine machine);
  ~ClusterNode();

  Status start();
  void stop();
  void propose(const kvh_call& call, std::span<const std::string_view> batches, ProposalDone done);
  void read(const kvh_call& call, BarrierDone done);
  void command(const kvh_call& call, std::string_view name, std::string_view arguments,
               CommandDone done);
  std::optional<std::string> leader_hint() const;
  std::string status() const;

 private:
  struct Request {
    ForwardKind kind = ForwardKind::kPropose;
    uint32_t level = 0;
    Nanos deadline = 0;
    std::vector<DraftPayload> batches;
    std::optional<ProposalDone> proposal;
    std::optional<BarrierDone> barrier;
  };
  // Gets an administrator's answer.
  using CommandEnd = std::function<void(const Status&, const std::string& json)>;
  struct PendingCommand {
    CommandEnd end;
    Nanos deadline = 0;
    NodeKey peer = 0;  // that it was forwarded to; 0: nobody
  };
  struct Owner {
    uint64_t index = 0;
    std::shared_ptr<Proposal> proposal;
    uint64_t offset = 0;
  };

  Result<Recovered> recover();
  Status resolve_install(Recovered& recovered);
  ReplicaSettings replica_settings() const;
  void make_parts(const std::shared_ptr<boost::asio::ssl::context>& tls);
  void journal_reached(uint64_t sequence);
  Nanos deadline_of(const kvh_call& call) const;
  static Nanos now();

  // cluster_node.cpp
  void post_request(Request request);
  void take_requests();
  void touch();
  void settle();
  void perform(Actions actions);
  void accept(const Accepted& accepted);
  void disown(uint64_t from);
  void apply(std::vector<Entry> entries);
  void deliver(Answer answer);
  void finish(const std::shared_ptr<Proposal>& proposal, const Status& status);
  void end_early(const Proposal& proposal, const Status& status);
  void on_message(NodeKey from, Message message);
  void tick();
  void fail(const Status& why);
  void refuse_all(const Status& why);

  // cluster_commands.cpp
  void run_command(const std::string& name, const std::string& arguments, Nanos deadline,
                   CommandEnd end);
  void run_here(const std::string& name, const std::string& arguments, Nanos deadline,
                CommandEnd end);
  void forward_command(NodeKey to, const std::string& name, const std::string& arguments,
                       Nanos deadline, CommandEnd end);
  void on_command(NodeKey from, const Forward& request);
  Origin expect_answer(CommandEnd end, Nanos deadline);
  void expire_commands(Nanos time);
  void drop_commands_to(NodeKey peer);

  // cluster_status.cpp
  void refresh_view();

  const Context context_;
  const Log log_;
  const NodeInfo node_;
  const LeaderFollowerOptions options_;
  const StateMachine machine_;

  boost::asio::io_context loop_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  boost::asio::steady_timer timer_{loop_};
  std::thread thread_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<JournalDriver> journal_driver_;
  std::unique_ptr<ApplyDriver> applies_;
  std::unique_ptr<Mesh> mesh_;
  std::unique_ptr<Transfers> transfers_;

  std::mutex inbox_mutex_;
  std::vector<Request> inbox_;  // guarded by inbox_mutex_
  bool is_open_ = false;        // guarded by inbox_mutex_

  Actions actions_;
  bool is_settling_posted_ = false;
  uint64_t next_request_ = 1;
  std::map<uint64_t, std::shared_ptr<Proposal>> proposals_;  // not ordered yet, or forwarded
  std::map<uint64_t, BarrierDone> barriers_;
  std::map<uint64_t, PendingCommand> commands_;
  std::deque<Owner> owners_;
  uint64_t journal_done_ = 0;
  std::multimap<uint64_t, std::function<void()>> when_durable_;
  Nanos last_view_ = 0;
  uint32_t told_role_ = 0;
  std::optional<std::string> told_hint_;
  bool is_disk_full_ = false;
  Status failure_;

  mutable std::mutex view_mutex_;
  std::string status_ = "{}";               // guarded by view_mutex_
  std::optional<std::string> leader_hint_;  // guarded by view_mutex_
};

}  // namespace kvhost::leader_follower
