// A cluster in simulated time: network (loss, delay, duplication, reordering, one-way partitions),
// disks that lose what was not synced, crashes between any two steps, pauses, clock jumps, slow
// disks, promotions at random; clients that read and write through any node.
//
//   Simulation simulation({.seed = 7});
//   CHECK(simulation.run() == "");
//
// Threads:   one. The same options give the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "support/linearizability.hpp"
#include "unit/leader_follower/sim_node.hpp"

namespace kvhost::leader_follower::testing {

struct SimOptions {
  uint64_t seed = 1;
  uint32_t nodes = 3;
  uint32_t write_quorum = 0;
  uint32_t read_quorum = 0;
  Nanos chaos = 3 * kSecond;
  bool has_faults = true;
  // Breaks on purpose: what the checks must find.
  bool lies_about_sync = false;
  bool reads_without_quorum = false;
};

struct SimCounts {
  uint64_t crashes = 0;
  uint64_t partitions = 0;
  uint64_t pauses = 0;
  uint64_t promotions = 0;
  uint64_t checkpoints = 0;
  uint64_t acknowledged = 0;
  uint64_t unknown = 0;
  uint64_t refused = 0;
};

class Simulation {
 public:
  explicit Simulation(SimOptions options);
  // Empty, or what went wrong.
  std::string run();
  const SimCounts& counts() const { return counts_; }

  // For tests of single stories.
  void start_all();
  void run_for(Nanos time);
  bool run_until(const std::function<bool()>& condition, Nanos limit);
  std::vector<SimNode>& nodes() { return nodes_; }
  void crash(SimNode& node);
  void start(SimNode& node);
  void wipe(SimNode& node);
  void block(std::size_t from, std::size_t to, bool is_blocked);
  void promote(SimNode& node, bool is_forced = false);
  // A write or a read through a node; the handler gets the status and, of a read, the value.
  using Handler = std::function<void(const Status&, const std::string&)>;
  void put(SimNode& node, const std::string& key, const std::string& value, Handler handler);
  void get(SimNode& node, const std::string& key, uint32_t level, Handler handler);
  bool put_and_wait(SimNode& node, const std::string& key, const std::string& value);
  SimNode* serving();
  // An input to a node's Replica, with what follows from it.
  void feed(SimNode& node, const std::function<void(Replica&, Actions&)>& input);
  Nanos now() const { return now_; }
  const std::string& problem() const { return problem_; }
  const std::vector<Answer>& command_answers() const { return command_answers_; }
  const std::vector<std::string>& refusals() const { return refusals_; }
  void set_settings(std::function<void(ReplicaSettings&)> change) { change_ = std::move(change); }
  void add_node(const std::string& id);

 private:
  struct Event {
    Nanos at = 0;
    uint64_t order = 0;
    std::function<void()> run;
    bool operator<(const Event& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };
  struct Link {
    bool is_up = false;
    uint64_t session = 0;
  };
  struct ClientOp {
    std::string key;
    bool is_write = false;
    Handler handler;
    std::size_t node = 0;
  };

  uint64_t random(uint64_t below) {
    return std::uniform_int_distribution<uint64_t>(0, below - 1)(random_);
  }
  bool chance(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }
  Nanos some_time(Nanos least, Nanos most) { return least + random(most - least + 1); }
  void at(Nanos delay, std::function<void()> run);
  void at_node(SimNode& node, Nanos delay, std::function<void()> run);
  bool step();
  void violated(const std::string& what);
  std::size_t number_of(const SimNode& node) const {
    return static_cast<std::size_t>(&node - nodes_.data());
  }
  SimNode* find(NodeKey key);

  void settle(SimNode& node);
  void perform(SimNode& node, Actions actions);
  void write_journal(SimNode& node, JournalOp op);
  void disk_done(SimNode& node);
  void deliver(std::size_t from, std::size_t to, uint64_t session, uint8_t type,
               const std::string& bytes);
  void send(SimNode& node, const Send& send);
  void apply_some(SimNode& node);
  void finish(SimNode& node, const Answer& answer);
  void disown(SimNode& node, uint64_t from);
  void complete(uint64_t request, const Status& status, const std::string& value);
  void serve_waiting_reads(SimNode& node);
  void offer_checkpoint(SimNode& node, NodeKey to);
  void on_offer(SimNode& node, NodeKey from, const CheckpointOffer& offer);
  void install(SimNode& node);
  void connect_all();
  void drop_link(std::size_t a, std::size_t b);
  void tick(SimNode& node);
  Link& link(std::size_t a, std::size_t b) { return links_[{std::min(a, b), std::max(a, b)}]; }

  // simulation_chaos.cpp
  void schedule_client();
  void schedule_chaos();
  void cause_trouble();
  std::string heal_and_check();

  const SimOptions options_;
  std::mt19937_64 random_;
  Members members_;
  std::vector<SimNode> nodes_;
  std::priority_queue<Event> events_;
  Nanos now_ = 1 * kSecond;
  uint64_t next_order_ = 0;
  std::map<std::pair<std::size_t, std::size_t>, Link> links_;
  std::set<std::pair<std::size_t, std::size_t>> blocked_;
  double loss_ = 0;
  double failpoint_ = 0;
  bool is_chaotic_ = false;
  Nanos disk_delay_ = 300'000;
  SimCounts counts_;
  std::string problem_;
  std::function<void(ReplicaSettings&)> change_;

  struct Committed {
    Epoch epoch;
    std::string payload;
  };
  std::map<uint64_t, Committed> committed_;
  std::set<std::string> committed_values_;
  kvhost::testing::History history_;
  std::map<uint64_t, ClientOp> client_ops_;
  struct WaitingRead {
    std::size_t node = 0;
    uint64_t life = 0;
    uint64_t request = 0;
    uint64_t index = 0;
  };
  std::vector<WaitingRead> waiting_reads_;
  uint64_t next_client_request_ = 1;
  uint64_t next_value_ = 1;
  std::vector<Answer> command_answers_;
  std::vector<std::string> refusals_;
};

}  // namespace kvhost::leader_follower::testing
