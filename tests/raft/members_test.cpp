// Members come, lag, go and are mistaken.
#include <catch2/catch.hpp>
#include <fstream>

#include "raft_cluster.hpp"

namespace kvhost::testing {
namespace {

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

void fill(RaftCluster& cluster, const std::string& node, int from, int to) {
  auto client = cluster.connect(node);
  REQUIRE(client);
  for (int i = from; i < to; ++i) {
    REQUIRE(client->put("key" + std::to_string(i), std::string(20'000, 'x') + std::to_string(i)));
  }
}

}  // namespace

TEST_CASE("raft: a node that lags beyond the log takes a snapshot") {
  RaftCluster cluster(3, "log_retention = \"1MiB\"\n");
  cluster.start_all();
  const std::string lagging = cluster.follower();
  cluster.put(lagging, "early", "value");
  cluster.kill(lagging);
  const std::string node = cluster.leader();
  for (int i = 0; i < 600; i += 100) fill(cluster, node, i, i + 100);
  REQUIRE(eventually(
      [&] { return std::stoull("0" + member_of(cluster.status(node), "first_index")) > 100; }));
  cluster.start(lagging);
  REQUIRE(cluster.takes_writes(lagging));
  CHECK(says(cluster.get(lagging, "key599"), "x599"));
  CHECK(cluster.get(lagging, "early") == "value");
  CHECK(
      eventually([&] { return member_of(cluster.status(lagging), "snapshots_received") == "1"; }));
  CHECK(cluster.digests_agree(cluster.names()));
  cluster.kill(lagging);
  cluster.start(lagging);
  CHECK(cluster.digests_agree(cluster.names()));
}

TEST_CASE("raft: nodes are added and removed, the leader too") {
  RaftCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "key", "value");
  const std::string added = cluster.add_node("existing");
  const std::string arguments =
      "{\"id\":\"" + added + "\",\"address\":\"" + cluster.peer_address(added) + "\"}";
  CHECK(says(cluster.command("node1", "add", arguments), "does not answer"));
  cluster.start(added);
  CHECK(says(cluster.command("node1", "add", arguments), "\"role\":\"learner\""));
  REQUIRE(cluster.takes_writes(added));
  CHECK(cluster.get(added, "key") == "value");
  CHECK(eventually([&] { return !says(cluster.status("node1"), "\"role\":\"learner\""); }));
  const std::string leader = cluster.leader();
  CHECK(says(cluster.command(added, "remove", "{\"id\":\"" + leader + "\"}"), leader));
  CHECK(eventually([&] { return says(cluster.status(leader), "was removed"); }));
  REQUIRE(cluster.takes_writes(added));
  cluster.kill(leader);
  cluster.wipe(leader);
  cluster.write_config(leader, "existing");
  cluster.start(leader);
  CHECK(says(cluster.command(added, "add",
                             "{\"id\":\"" + leader + "\",\"address\":\"" +
                                 cluster.peer_address(leader) + "\"}"),
             "learner"));
  REQUIRE(cluster.takes_writes(leader));
  CHECK(cluster.digests_agree(cluster.names()));
}

TEST_CASE("raft: the leadership moves on request") {
  RaftCluster cluster(3);
  cluster.start_all();
  for (const auto& name : {"node3", "node1", "node2"}) {
    const std::string answer =
        cluster.command("node1", "transfer-leader", "{\"node\":\"" + std::string(name) + "\"}");
    CHECK(says(answer, "\"leader\":\"" + std::string(name) + "\""));
    CHECK(cluster.leader() == name);
    cluster.put("node1", "key", name);
  }
  CHECK(says(cluster.command("node1", "promote", "{\"node\":\"node2\"}"),
             "elects a leader by itself"));
  CHECK(says(cluster.command("node1", "transfer-leader", "{\"node\":\"node7\"}"), "is no member"));
  CHECK(cluster.get("node3", "key") == "node2");
}

TEST_CASE("raft: without forwarding a follower names the leader") {
  RaftCluster cluster(3, "forward = false\n");
  for (const auto& name : cluster.names()) cluster.start(name);
  const std::string leader = cluster.leader();
  REQUIRE(cluster.takes_writes(leader));
  const std::string follower = cluster.follower();
  std::string words;
  CHECK(eventually([&] {
    auto client = cluster.connect(follower);
    if (!client) return false;
    const auto refused = client->put("key", "value");
    if (refused) return false;
    words = refused.error().to_string();
    return refused.error().code() == StatusCode::NOT_LEADER &&
           says(words, "http://" + leader + ".example");
  }));
  INFO(words);
}

TEST_CASE("raft: a wiped node under its old id is refused") {
  RaftCluster cluster(3);
  cluster.start_all();
  cluster.kill("node3");
  cluster.wipe("node3");
  const auto refused = cluster.run("node3");
  INFO(refused.err);
  CHECK(refused.exit_code == 78);
  CHECK(says(refused.err, "lost or replaced"));
  CHECK(says(refused.err, "kvctl cluster remove node3"));
  CHECK(cluster.takes_writes("node1"));
}

TEST_CASE("raft: mistakes are told before anything is harmed") {
  RaftCluster cluster(3);
  cluster.start_all();
  SECTION("another cluster's id on the data of this one") {
    cluster.kill("node2");
    cluster.write_config("node2", "new", "another");
    const auto refused = cluster.run("node2");
    INFO(refused.err);
    CHECK(refused.exit_code == 78);
    CHECK(says(refused.err, "belongs to cluster \"test\""));
  }
  SECTION("a stranger of another cluster") {
    const std::string stranger = cluster.add_node("new");
    cluster.write_config(stranger, "new", "another");
    cluster.start(stranger);
    CHECK(eventually([&] {
      return says(cluster.log(stranger), "belongs to cluster \"another\"") ||
             says(cluster.log(stranger), "belongs to cluster \"test\"");
    }));
    auto client = cluster.connect(stranger);
    REQUIRE(client);
    const auto put = client->put("key", "value");
    REQUIRE_FALSE(put);
    CHECK(put.error().code() == StatusCode::STARTING);
  }
  SECTION("the address of the peers is taken") {
    const std::string second = cluster.add_node("existing");
    std::ifstream in(cluster.config_path("node1"));
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto tcp = cluster.tcp_address("node1");
    text.replace(text.find(tcp), tcp.size(), cluster.tcp_address(second));
    std::ofstream(cluster.config_path(second)) << text;
    const auto refused = cluster.run(second);
    INFO(refused.err);
    CHECK(refused.exit_code == 69);
    CHECK(says(refused.err, "listen for peers"));
  }
  CHECK(cluster.takes_writes(cluster.leader()));
}

}  // namespace kvhost::testing
