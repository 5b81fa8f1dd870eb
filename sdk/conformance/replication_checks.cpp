// A replication strategy as one node, on a state machine that keeps what was applied.
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "host_pump.hpp"
#include "kind_checks.hpp"
#include "kvhost/testing/under_test.hpp"
#include "process_facts.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using std::chrono::seconds;
using testing::FakeStateMachine;
using testing::Proposal;
using testing::ReplicationUnderTest;

// A node with its journal and its state; the strategy on it may be started again.
struct Node {
  testing::FakeHost host;
  HostPump pump{host};
  std::unique_ptr<FakeStateMachine> machine = std::make_unique<FakeStateMachine>();
  std::unique_ptr<ReplicationUnderTest> strategy;

  // Attached, and ready to take proposals; null and a failure told otherwise.
  bool start(const Subject& subject, Report& report) {
    const kvh_component* const descriptor = load_subject(subject, report);
    if (descriptor == nullptr) return false;
    auto component = create_subject(subject, *descriptor, host, report);
    if (!component) return false;
    strategy = std::make_unique<ReplicationUnderTest>(std::move(*component));
    const Status attached = strategy->attach(*machine);
    if (!attached.is_ok()) report.fail("attach failed: " + attached.to_string());
    return attached.is_ok();
  }
  uint64_t traits() const {
    return strategy->component().table<kvh_replication>()->traits(strategy->component().self());
  }
  // Proposes until the node accepts: a leader may have to be found first.
  std::shared_ptr<Proposal> propose(const std::vector<std::string>& batches) {
    std::shared_ptr<Proposal> proposal;
    for (int i = 0; i < 400; ++i) {
      proposal = strategy->propose(batches);
      if (!proposal->wait(seconds(30)) || !proposal->status().info().retryable) break;
      pause_ms(50);
    }
    return proposal;
  }
};

// Only these promise that a proposal had no effect.
bool promises_no_effect(const Status& status) {
  const int http = status.info().http_status;
  return (http >= 400 && http < 500) || http == 503 || http == 507;
}

std::map<std::string, int> count_of(const std::vector<std::string>& applied) {
  std::map<std::string, int> counts;
  for (const auto& batch : applied) ++counts[batch];
  return counts;
}

void expect_in_order(const Node& node, Report& report) {
  for (const auto& fault : node.machine->faults()) report.fail(fault);
}

// What one client proposed, in its order.
struct Sent {
  std::string batch;
  std::shared_ptr<Proposal> proposal;
};

void expect_truth(const std::vector<Sent>& sent, const Node& node, Report& report) {
  const auto counts = count_of(node.machine->batches());
  for (const auto& [batch, proposal] : sent) {
    const auto at = counts.find(batch);
    const int applied = at == counts.end() ? 0 : at->second;
    const std::string name = "batch \"" + batch + "\"";
    if (!report.expect(proposal->count() == 1,
                       name + " was completed " + std::to_string(proposal->count()) + " times")) {
      continue;
    }
    report.expect(applied <= 1, name + " was applied " + std::to_string(applied) + " times");
    const Status& status = proposal->status();
    if (status.is_ok()) {
      report.expect(applied == 1, name + " was acknowledged, but not applied");
      report.expect(proposal->results.front().is_ok(), name + " was acknowledged without a result");
    } else if (promises_no_effect(status)) {
      report.expect(applied == 0, name + " was applied, but refused with " + status.to_string());
    }
    if (report.failures().size() > 5) return;
  }
}

}  // namespace

void check_exactly_once(const Subject& subject, Report& report) {
  constexpr int kClients = 4;
  constexpr int kEach = 100;
  Node node;
  if (!node.start(subject, report)) return;
  const auto first = node.propose({"first"});
  if (!report.expect(first->status().is_ok(),
                     "takes no proposal: " + first->status().to_string())) {
    return;
  }
  std::vector<std::vector<Sent>> sent(kClients);
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kEach; ++i) {
        const std::string batch = std::to_string(client) + "/" + std::to_string(i);
        sent[client].push_back({batch, node.strategy->propose({batch})});
      }
    });
  }
  for (auto& client : clients) client.join();
  for (const auto& list : sent) {
    for (const auto& one : list) {
      if (!one.proposal->wait()) return report.fail("a proposal was never completed");
      report.expect(one.proposal->status().is_ok(),
                    "a proposal failed: " + one.proposal->status().to_string());
    }
    expect_truth(list, node, report);
  }
  const auto pair = node.propose({"pair a", "pair b"});
  report.expect(pair->status().is_ok() && pair->indexes[1] > pair->indexes[0],
                "two batches of one proposal are not applied in their order");
  node.strategy->component().stop();
  expect_in_order(node, report);
  report.note(std::to_string(node.machine->batches().size()) + " batches");
}

void check_stop_completes(const Subject& subject, Report& report) {
  Node node;
  if (!node.start(subject, report)) return;
  if (!node.propose({"first"})->status().is_ok()) return report.fail("takes no proposal");
  std::mutex mutex;
  std::vector<Sent> sent;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; !is_over && i < 5000; ++i) {
        const std::string batch = std::to_string(client) + "/" + std::to_string(i);
        Sent one{batch, node.strategy->propose({batch})};
        const std::lock_guard lock(mutex);
        sent.push_back(std::move(one));
      }
    });
  }
  pause_ms(50);
  node.strategy->component().stop(seconds(10));
  is_over = true;
  for (auto& client : clients) client.join();
  expect_truth(sent, node, report);
  expect_in_order(node, report);
  report.note(std::to_string(sent.size()) + " proposals");
}

void check_barriers(const Subject& subject, Report& report) {
  Node node;
  if (!node.start(subject, report)) return;
  int granted = 0;
  for (int round = 0; round < 50; ++round) {
    const auto proposal = node.propose({"b" + std::to_string(round)});
    if (!proposal->status().is_ok()) return report.fail("a proposal failed");
    for (const uint32_t level :
         {KVH_READ_DEFAULT, KVH_READ_LOCAL, KVH_READ_LEADER, KVH_READ_LINEARIZABLE}) {
      const auto barrier = node.strategy->read_barrier(level);
      if (!barrier) {
        report.expect(!barrier.error().message().empty(), "a barrier was refused without words");
        continue;
      }
      ++granted;
      report.expect(level == KVH_READ_LOCAL || barrier->index >= proposal->indexes[0],
                    "a barrier of level " + std::to_string(level) + " stands at " +
                        std::to_string(barrier->index) + ", before the acknowledged batch " +
                        std::to_string(proposal->indexes[0]));
    }
    if (!report.failures().empty()) break;
  }
  report.expect(granted > 0, "no barrier was ever granted");
  node.strategy->component().stop();
}

void check_failing_state_machine(const Subject& subject, Report& report) {
  Node node;
  if (!node.start(subject, report)) return;
  if (!node.propose({"first"})->status().is_ok()) return report.fail("takes no proposal");
  node.machine->fail_apply(KVH_IO_ERROR);
  const auto proposal = node.strategy->propose({"doomed"}, seconds(3));
  node.machine->fail_apply(KVH_IO_ERROR);
  const bool is_done = proposal->wait(seconds(30));
  report.expect(!is_done || !proposal->status().is_ok(),
                "a batch that the state machine refused was acknowledged");
  node.strategy->component().stop(seconds(5));
  report.expect(proposal->count() == 1, "a proposal that failed was not completed by stop");
}

void check_restart(const Subject& subject, Report& report) {
  Node node;
  std::vector<std::string> acknowledged;
  for (int life = 0; life < 3; ++life) {
    if (!node.start(subject, report)) return;
    for (int i = 0; i < 20; ++i) {
      const std::string batch = std::to_string(life) + "/" + std::to_string(i);
      const auto proposal = node.propose({batch});
      if (!proposal->status().is_ok()) {
        return report.fail("life " + std::to_string(life) +
                           ": a proposal failed: " + proposal->status().to_string());
      }
      acknowledged.push_back(batch);
    }
    const bool has_own_log = (node.traits() & KVH_TRAIT_OWN_LOG) != 0;
    node.strategy->component().stop();
    const auto counts = count_of(node.machine->batches());
    for (const auto& batch : acknowledged) {
      const auto at = counts.find(batch);
      report.expect(at != counts.end() && at->second == 1,
                    "life " + std::to_string(life) + ": \"" + batch + "\" was applied " +
                        std::to_string(at == counts.end() ? 0 : at->second) + " times");
    }
    expect_in_order(node, report);
    if (!report.failures().empty()) return;
    node.strategy.reset();
    // Who keeps the log must be able to bring back what the engine has not made durable.
    if (has_own_log) node.machine = std::make_unique<FakeStateMachine>();
  }
}

}  // namespace kvhost::conformance
