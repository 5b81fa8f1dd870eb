// Three nodes of a strategy; one is cut off, then the network is whole again.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cut_network.hpp"
#include "kind_checks.hpp"
#include "kvhost/abi/replication.h"
#include "node_process.hpp"
#include "process_facts.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kNodes = 3;

bool promises_no_effect(const Status& status) {
  const int http = status.info().http_status;
  return (http >= 400 && http < 500) || http == 503 || http == 507;
}

class Cluster {
 public:
  Cluster(const Subject& subject, Report& report) : report_(report), network_(kNodes) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      nodes_.push_back(std::make_unique<NodeProcess>(subject, name_of(i)));
    }
  }
  // False, and told, when the component is one node by itself.
  bool has_peers() {
    convention_ = node(0).convention();
    if (!convention_.why_not.empty()) report_.skip(convention_.why_not);
    return convention_.why_not.empty();
  }
  static std::string name_of(std::size_t node) { return "node" + std::to_string(node + 1); }
  NodeProcess& node(std::size_t i) { return *nodes_[i]; }
  CutNetwork& network() { return network_; }

  bool start() {
    if (!report_.expect(network_.is_made(), "no ports could be had")) return false;
    std::vector<pid_t> processes;
    for (std::size_t i = 0; i < kNodes; ++i) {
      introduce(i);
      processes.push_back(node(i).process());
    }
    network_.start(processes);
    for (auto& node : nodes_) node->begin_start();
    for (auto& node : nodes_) {
      const Status started = node->started();
      if (!report_.expect(started.is_ok(),
                          node->id() + " does not start: " + started.to_string())) {
        return false;
      }
    }
    return true;
  }
  // Proposes on each of `where` in turn until one accepts; its number, or kNodes.
  std::size_t accepting(const std::vector<std::size_t>& where, const std::string& name,
                        seconds patience) {
    const auto end = Clock::now() + patience;
    for (int attempt = 0; Clock::now() < end; ++attempt) {
      for (const std::size_t i : where) {
        if (propose(i, name + "-" + std::to_string(attempt) + "-at-" + name_of(i), seconds(2))) {
          return i;
        }
      }
      pause_ms(100);
    }
    return kNodes;
  }
  // True when it was acknowledged.
  bool propose(std::size_t i, const std::string& batch, milliseconds limit) {
    const auto proposed = node(i).propose(batch, limit);
    report_.expect(proposed.completions <= 1, "\"" + batch + "\" was completed " +
                                                  std::to_string(proposed.completions) + " times");
    if (proposed.status.is_ok()) {
      acknowledged_.push_back(batch);
      last_index_ = std::max(last_index_, proposed.index);
    } else if (promises_no_effect(proposed.status)) {
      refused_.insert(batch);
    }
    return proposed.status.is_ok();
  }
  uint64_t last_index() const { return last_index_; }
  std::size_t acknowledged() const { return acknowledged_.size(); }

  // All nodes come to have applied the same, and it is what was promised.
  void expect_agreement() {
    const auto end = Clock::now() + seconds(30);
    std::vector<std::string> one = node(0).applied();
    const auto agree = [&] {
      one = node(0).applied();
      for (std::size_t i = 1; i < kNodes; ++i) {
        if (node(i).applied() != one) return false;
      }
      return std::all_of(acknowledged_.begin(), acknowledged_.end(), [&](const auto& batch) {
        return std::find(one.begin(), one.end(), batch) != one.end();
      });
    };
    while (!agree() && Clock::now() < end) pause_ms(200);
    for (std::size_t i = 0; i < kNodes; ++i) judge(i, node(i).applied(), one);
  }
  void stop() {
    for (auto& node : nodes_) {
      report_.expect(node->stop().empty(), node->id() + " does not stop in 30 s");
    }
  }

 private:
  // Where it listens, and where the others are.
  void introduce(std::size_t i) {
    node(i).set_option("listen", network_.inner_address(i));
    if (convention_.has_address) node(i).set_option("address", network_.outer_address(i));
    std::size_t place = 0;
    for (std::size_t other = 0; other < kNodes; ++other) {
      if (other == i) continue;
      const std::string peer = "peers[" + std::to_string(place++) + "]";
      node(i).set_option(peer + ".id", name_of(other));
      node(i).set_option(peer + ".address", network_.outer_address(other));
    }
  }
  void judge(std::size_t i, const std::vector<std::string>& applied,
             const std::vector<std::string>& one) {
    const std::string who = name_of(i);
    const auto faults = node(i).faults();
    report_.expect(faults.empty(), who + ": " + faults);
    report_.expect(applied == one, who + " has applied " + std::to_string(applied.size()) +
                                       " batches, and not those " + std::to_string(one.size()) +
                                       " of node1, 30 s after the network was whole again");
    for (const auto& batch : acknowledged_) {
      const auto count = std::count(applied.begin(), applied.end(), batch);
      if (!report_.expect(count == 1, who + ": \"" + batch + "\" was acknowledged and is applied " +
                                          std::to_string(count) + " times")) {
        break;
      }
    }
    for (const auto& batch : applied) {
      report_.expect(!refused_.contains(batch),
                     who + ": \"" + batch + "\" was refused as not executed, and is applied");
    }
  }

  Report& report_;
  CutNetwork network_;
  std::vector<std::unique_ptr<NodeProcess>> nodes_;
  NodeProcess::Convention convention_;
  std::vector<std::string> acknowledged_;
  std::set<std::string> refused_;
  uint64_t last_index_ = 0;
};

// Reads at a node that was cut off while the others went on must not be linearizable ones.
void expect_no_stale_read(Cluster& cluster, std::size_t lone, Report& report) {
  const bool is_promised = (cluster.node(lone).traits() & KVH_TRAIT_LINEARIZABLE) != 0;
  if (!is_promised) return;
  const auto granted = cluster.node(lone).barrier(seconds(2));
  report.expect(!granted.status.is_ok() || granted.index >= cluster.last_index(),
                "a node that was cut off granted a linearizable read as of index " +
                    std::to_string(granted.index) + ", and the others had acknowledged index " +
                    std::to_string(cluster.last_index()));
}

}  // namespace

void check_partition(const Subject& subject, Report& report) {
  Cluster cluster(subject, report);
  if (!cluster.has_peers() || !cluster.start()) return;
  const std::size_t leader = cluster.accepting({0, 1, 2}, "first", seconds(40));
  if (leader == kNodes) return report.fail("no node of three takes a proposal within 40 s");
  for (int i = 0; i < 20; ++i) cluster.propose(leader, "whole-" + std::to_string(i), seconds(5));

  cluster.network().cut(leader);
  for (int i = 0; i < 2; ++i) {
    cluster.propose(leader, "alone-" + std::to_string(i), milliseconds(1000));
  }
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < kNodes; ++i) {
    if (i != leader) others.push_back(i);
  }
  const bool goes_on = cluster.accepting(others, "without", seconds(15)) != kNodes;
  if (goes_on) expect_no_stale_read(cluster, leader, report);

  cluster.network().heal();
  if (cluster.accepting({0, 1, 2}, "healed", seconds(40)) == kNodes) {
    report.fail("no node takes a proposal within 40 s after the network is whole again");
  }
  // A follower this time: the leader must do without it.
  cluster.network().cut(others[0]);
  if (cluster.accepting({leader, others[1]}, "two", seconds(40)) == kNodes) {
    report.fail("two nodes of three take no proposal within 40 s");
  }
  cluster.network().heal();
  cluster.expect_agreement();
  cluster.stop();
  report.note(std::to_string(cluster.acknowledged()) + " batches; the others " +
              (goes_on ? "go on" : "wait") + " without the leader");
}

}  // namespace kvhost::conformance
