// Single stories, each of a promise that other systems have broken.
#include <catch2/catch.hpp>
#include <memory>

#include "kvhost/abi/replication.h"
#include "unit/leader_follower/simulation.hpp"

using namespace kvhost::leader_follower;
using namespace kvhost::leader_follower::testing;
using Catch::Matchers::Contains;
using kvhost::Status;
using kvhost::StatusCode;

namespace {

// A cluster of three with a leader, at rest.
struct Cluster {
  Simulation simulation;
  explicit Cluster(SimOptions options = {}, std::function<void(ReplicaSettings&)> change = {})
      : simulation(options) {
    simulation.set_settings(std::move(change));
    simulation.start_all();
    REQUIRE(simulation.run_until([&] { return simulation.serving() != nullptr; }, 5 * kSecond));
    REQUIRE(simulation.run_until([&] { return all_joined(); }, 5 * kSecond));
  }
  bool all_joined() {
    for (auto& one : simulation.nodes()) {
      if (!one.is_alive() || one.replica->is_fresh() || one.data.applied.index < 2) return false;
    }
    return true;
  }
  SimNode& node(std::size_t i) { return simulation.nodes()[i]; }
  void cut_off(std::size_t i, bool is_cut) {
    for (std::size_t other = 0; other < simulation.nodes().size(); ++other) {
      if (other == i) continue;
      simulation.block(i, other, is_cut);
      simulation.block(other, i, is_cut);
    }
  }
  // What a read through the node comes to.
  struct Outcome {
    bool has_ended = false;
    Status status;
    std::string value;
  };
  Outcome get(std::size_t i, const std::string& key, uint32_t level = KVH_READ_LINEARIZABLE) {
    const auto outcome = std::make_shared<Outcome>();
    simulation.get(node(i), key, level, [outcome](const Status& status, const std::string& value) {
      *outcome = {true, status, value};
    });
    simulation.run_until([&] { return outcome->has_ended; }, 5 * kSecond);
    return *outcome;
  }
  Outcome put(std::size_t i, const std::string& key, const std::string& value) {
    const auto outcome = std::make_shared<Outcome>();
    simulation.put(node(i), key, value, [outcome](const Status& status, const std::string&) {
      *outcome = {true, status, ""};
    });
    simulation.run_until([&] { return outcome->has_ended; }, 5 * kSecond);
    return *outcome;
  }
  bool promote(std::size_t i) {
    simulation.promote(node(i));
    return simulation.run_until([&] { return node(i).is_alive() && node(i).replica->is_serving(); },
                                3 * kSecond);
  }
};

}  // namespace

TEST_CASE("story: a partitioned leader refuses linearizable reads and never acknowledges") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "old").status.is_ok());
  cluster.cut_off(0, true);
  REQUIRE(cluster.promote(1));
  REQUIRE(cluster.put(1, "k", "new").status.is_ok());
  // It still believes that it leads.
  CHECK(cluster.node(0).replica->role() == Role::kLeader);
  CHECK_FALSE(cluster.get(0, "k").status.is_ok());
  CHECK_FALSE(cluster.put(0, "k", "lost").status.is_ok());
  cluster.cut_off(0, false);
  cluster.simulation.run_for(1 * kSecond);
  CHECK(cluster.node(0).replica->role() == Role::kFollower);
  CHECK(cluster.get(0, "k").value == "new");
  CHECK(cluster.simulation.problem() == "");
}

TEST_CASE("story: what a deposed leader had ordered is unknown, and its suffix goes") {
  Cluster cluster;
  cluster.cut_off(0, true);
  const auto outcome = std::make_shared<Status>();
  cluster.simulation.put(
      cluster.node(0), "k", "suffix",
      [outcome](const Status& status, const std::string&) { *outcome = status; });
  const uint64_t suffix = cluster.node(0).replica->log().last_index();
  REQUIRE(cluster.promote(1));
  cluster.cut_off(0, false);
  cluster.simulation.run_for(2 * kSecond);
  CHECK(outcome->code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(cluster.node(0).replica->log().epoch_at(suffix) ==
        cluster.node(1).replica->log().epoch_at(suffix));
  CHECK(cluster.get(0, "k").value.empty());
}

TEST_CASE("story: what is ordered in the turn that ends an office is unknown") {
  Cluster cluster;
  cluster.simulation.feed(cluster.node(0), [&](Replica& leader, Actions& out) {
    // A node settles once for all that came in: here a batch, and another node's promotion.
    const Nanos now = cluster.simulation.now();
    leader.propose({0, 77}, now + kSecond, {draft_payload("k=v")}, now, out);
    REQUIRE(out.accepted.size() == 1);
    const NodeKey rival = cluster.node(1).key;
    leader.receive(rival, GrantAsk{{leader.epoch().counter + 1, rival}, {}}, now, out);
    CHECK(leader.role() == Role::kFollower);
    CHECK(out.accepted.empty());
    REQUIRE(out.answers.size() == 1);
    CHECK(out.answers[0].origin == Origin{0, 77});
    CHECK(out.answers[0].status.code() == StatusCode::OUTCOME_UNKNOWN);
  });
  CHECK(cluster.node(0).owners.empty());
}

TEST_CASE("story: an entry of an earlier epoch is not committed by counting it") {
  // One entry is under way to each follower at a time.
  Cluster cluster({}, [](ReplicaSettings& settings) { settings.window_bytes = 1; });
  Simulation& simulation = cluster.simulation;
  // The first leader has an entry for itself.
  cluster.cut_off(0, true);
  simulation.put(cluster.node(0), "k", std::string(400, 'x'), [](const Status&, const auto&) {});
  const uint64_t contested = cluster.node(0).replica->log().last_index();
  // So has the second one, in the same place and of a later epoch.
  simulation.promote(cluster.node(1));
  const auto& asked = cluster.node(2).replica;
  const Epoch before = asked->state().promised;
  REQUIRE(simulation.run_until([&] { return asked->state().promised > before; }, kSecond));
  simulation.block(1, 2, true);
  REQUIRE(simulation.run_until([&] { return cluster.node(1).replica->role() == Role::kLeader; },
                               kSecond));
  cluster.cut_off(1, true);
  // The first leads again: its old entry comes to lie on two nodes of three, its new one does not.
  simulation.block(0, 2, false);
  simulation.block(2, 0, false);
  simulation.promote(cluster.node(0));
  REQUIRE(
      simulation.run_until([&] { return asked->log().last_index() >= contested; }, 2 * kSecond));
  simulation.block(0, 2, true);
  simulation.run_for(300 * kMillisecond);
  CHECK(cluster.node(0).replica->commit_index() < contested);
  // For the second one's entry is of a later epoch, and may win yet.
  simulation.crash(cluster.node(0));
  cluster.cut_off(1, false);
  REQUIRE(cluster.promote(1));
  simulation.start(cluster.node(0));
  cluster.cut_off(0, false);
  simulation.run_for(2 * kSecond);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(cluster.node(i).replica->log().epoch_at(contested) == Epoch{2, cluster.node(1).key});
  }
  CHECK(simulation.problem() == "");
}

TEST_CASE("story: a promise is on the disk before anybody leads by it") {
  // Whether the network or the disk is quicker is the seed's.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimOptions options;
    options.seed = seed;
    Cluster cluster(options);
    cluster.cut_off(0, true);
    cluster.simulation.promote(cluster.node(1));
    REQUIRE(cluster.simulation.run_until(
        [&] { return cluster.node(1).replica->role() == Role::kLeader; }, kSecond));
    for (const std::size_t i : {1, 2}) {
      INFO("seed " << seed << ", " << cluster.node(i).id);
      const auto kept = HardState::decode(cluster.node(i).disk.state);
      REQUIRE(kept.has_value());
      CHECK(kept->promised == cluster.node(1).replica->epoch());
    }
  }
}

TEST_CASE("story: without a quorum nothing is ordered once the leader knows") {
  Cluster cluster;
  cluster.simulation.crash(cluster.node(1));
  cluster.simulation.crash(cluster.node(2));
  cluster.simulation.run_for(1 * kSecond);
  const uint64_t last = cluster.node(0).replica->log().last_index();
  const auto outcome = cluster.put(0, "k", "v");
  CHECK(outcome.status.code() == StatusCode::NO_QUORUM);
  CHECK_THAT(outcome.status.message(), Contains("write_quorum = 2"));
  CHECK(cluster.node(0).replica->log().last_index() == last);
}

TEST_CASE("story: a promotion copies the most advanced granted log") {
  Cluster cluster;
  cluster.cut_off(2, true);
  REQUIRE(cluster.put(0, "k", "only on node1 and node2").status.is_ok());
  cluster.simulation.crash(cluster.node(0));
  cluster.cut_off(2, false);
  REQUIRE(cluster.promote(2));
  CHECK(cluster.get(2, "k").value == "only on node1 and node2");
}

TEST_CASE(
    "story: a promotion without enough grants fails with words, and disturbs nobody for long") {
  Cluster cluster;
  cluster.cut_off(2, true);
  CHECK_FALSE(cluster.promote(2));
  REQUIRE_FALSE(cluster.simulation.command_answers().empty());
  const Status& status = cluster.simulation.command_answers().back().status;
  CHECK(status.code() == StatusCode::NO_QUORUM);
  CHECK_THAT(status.message(), Contains("grants needed") && Contains("--force"));
  cluster.cut_off(2, false);
  cluster.simulation.run_for(2 * kSecond);
  CHECK(cluster.put(2, "k", "v").status.is_ok());
}

TEST_CASE("story: a node that lost its data is refused, and grants nothing") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  cluster.simulation.wipe(cluster.node(2));
  cluster.simulation.start(cluster.node(2));
  cluster.simulation.run_for(1 * kSecond);
  CHECK(cluster.node(2).replica->is_fresh());
  REQUIRE_FALSE(cluster.simulation.refusals().empty());
  CHECK_THAT(cluster.simulation.refusals().back(), Contains("another data directory"));
  cluster.simulation.crash(cluster.node(0));
  CHECK_FALSE(cluster.promote(1));
}

TEST_CASE("story: the first leader, without its data, forms no second cluster") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  cluster.simulation.wipe(cluster.node(0));
  cluster.simulation.start(cluster.node(0));
  cluster.simulation.run_for(2 * kSecond);
  CHECK(cluster.node(0).replica->is_fresh());
  REQUIRE(cluster.promote(1));
  CHECK(cluster.get(1, "k").value == "v");
}

TEST_CASE("story: members come and go through the log, replaced nodes with empty disks") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  cluster.simulation.wipe(cluster.node(2));
  auto& answers = cluster.simulation.command_answers();
  const auto run = [&](const std::function<void(Replica&, Actions&)>& command) {
    const std::size_t before = answers.size();
    cluster.simulation.feed(cluster.node(0), command);
    REQUIRE(cluster.simulation.run_until([&] { return answers.size() > before; }, 20 * kSecond));
    return answers.back().status;
  };
  const Nanos now = cluster.simulation.now();
  CHECK(run([&](Replica& replica, Actions& out) {
          replica.remove_member({0, 1}, node_key("node3"), now, out);
        }).is_ok());
  CHECK(cluster.node(0).replica->members().count() == 2);
  cluster.simulation.start(cluster.node(2));
  const Status added = run([&](Replica& replica, Actions& out) {
    replica.add_member({0, 2}, {"node3", "10.0.0.3:1"}, cluster.simulation.now(), out);
  });
  CHECK(added.to_string() == "ok");
  CHECK(cluster.node(0).replica->members().count() == 3);
  CHECK(cluster.get(2, "k").value == "v");
  const Status again = run([&](Replica& replica, Actions& out) {
    replica.add_member({0, 3}, {"node3", "10.0.0.3:1"}, cluster.simulation.now(), out);
  });
  CHECK(again.code() == StatusCode::CONFLICT);
}

TEST_CASE("story: the office is handed over without a write lost or refused") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  cluster.simulation.feed(cluster.node(0), [&](Replica& replica, Actions& out) {
    replica.transfer({0, 1}, node_key("node3"), cluster.simulation.now(), out);
  });
  CHECK(cluster.put(0, "k", "during").status.is_ok());
  CHECK(cluster.node(2).replica->is_serving());
  CHECK(cluster.get(1, "k").value == "during");
}

TEST_CASE("story: whoever is to take the office and dies leaves it where it is") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  SECTION("it hears that it shall take over, and dies") {
    cluster.simulation.feed(cluster.node(0), [&](Replica& replica, Actions& out) {
      replica.transfer({0, 1}, node_key("node3"), cluster.simulation.now(), out);
    });
    REQUIRE(cluster.simulation.run_until(
        [&] { return cluster.node(2).replica->role() == Role::kCandidate; }, 1 * kSecond));
    cluster.simulation.crash(cluster.node(2));
  }
  SECTION("it is cut off before it hears of it") {
    cluster.simulation.feed(cluster.node(0), [&](Replica& replica, Actions& out) {
      replica.transfer({0, 1}, node_key("node3"), cluster.simulation.now(), out);
    });
    cluster.cut_off(2, true);
  }
  SECTION("it is silent already") {
    cluster.cut_off(2, true);
    cluster.simulation.feed(cluster.node(0), [&](Replica& replica, Actions& out) {
      replica.transfer({0, 1}, node_key("node3"), cluster.simulation.now(), out);
    });
  }
  const Nanos begun = cluster.simulation.now();
  // Clients retry what was refused.
  std::string last = "none";
  for (;;) {
    const auto outcome = cluster.put(1, "k", "after");
    if (outcome.status.is_ok()) break;
    last = outcome.status.to_string();
    INFO(last << "; " << cluster.node(0).replica->obstacle(cluster.simulation.now()));
    REQUIRE(cluster.simulation.now() - begun < 9 * kSecond);
  }
  CHECK(cluster.simulation.now() - begun < 9 * kSecond);
  CHECK(cluster.get(0, "k").value == "after");
  REQUIRE(cluster.simulation.run_until(
      [&] { return !cluster.simulation.command_answers().empty(); }, 15 * kSecond));
  const Status& status = cluster.simulation.command_answers().back().status;
  CHECK(status.code() != StatusCode::OK);
  CHECK_THAT(status.message(), Contains("node3"));
}

TEST_CASE("story: a word to take over that was lost is said again") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  cluster.simulation.run_for(500 * kMillisecond);
  cluster.simulation.block(0, 2, true);
  cluster.simulation.feed(cluster.node(0), [&](Replica& replica, Actions& out) {
    replica.transfer({0, 1}, node_key("node3"), cluster.simulation.now(), out);
  });
  cluster.simulation.run_for(300 * kMillisecond);
  cluster.simulation.block(0, 2, false);
  CHECK(cluster.simulation.run_until([&] { return cluster.node(2).replica->is_serving(); },
                                     3 * kSecond));
  REQUIRE(cluster.simulation.run_until(
      [&] { return !cluster.simulation.command_answers().empty(); }, 1 * kSecond));
  CHECK(cluster.simulation.command_answers().back().status.is_ok());
}

TEST_CASE("story: a forced promotion begins a new life that the old nodes are no part of") {
  Cluster cluster;
  REQUIRE(cluster.put(0, "k", "v").status.is_ok());
  cluster.simulation.run_for(1 * kSecond);
  cluster.simulation.crash(cluster.node(0));
  cluster.simulation.wipe(cluster.node(2));
  cluster.simulation.run_for(1 * kSecond);
  cluster.simulation.promote(cluster.node(1), true);
  cluster.simulation.start(cluster.node(2));
  REQUIRE(cluster.simulation.run_until([&] { return cluster.node(1).replica->is_serving(); },
                                       10 * kSecond));
  CHECK(cluster.get(2, "k").value == "v");
  cluster.simulation.start(cluster.node(0));
  cluster.simulation.run_for(1 * kSecond);
  CHECK_THAT(cluster.simulation.refusals().back(), Contains("different lives"));
}

TEST_CASE("story: quorums that do not meet offer no linearizable reads, and say why") {
  SimOptions options;
  options.write_quorum = 1;
  options.read_quorum = 1;
  Cluster cluster(options);
  const auto outcome = cluster.get(0, "k");
  CHECK(outcome.status.code() == StatusCode::NOT_SUPPORTED);
  CHECK_THAT(outcome.status.message(), Contains("write_quorum 1 and read_quorum 1"));
  CHECK(cluster.get(0, "k", KVH_READ_LEADER).status.is_ok());
}
