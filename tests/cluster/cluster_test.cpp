// What a leader-follower cluster promises while it is whole, loses nodes and gets them back.
#include <signal.h>

#include <catch2/catch.hpp>

#include "process_cluster.hpp"

using namespace kvhost::testing;
using Catch::Matchers::Contains;

TEST_CASE("cluster: any node takes writes, any node reads them") {
  ProcessCluster cluster(3);
  cluster.start_all();
  int number = 0;
  for (const auto& writer : cluster.names()) {
    const std::string key = "key" + std::to_string(++number);
    cluster.put(writer, key, "by " + writer);
    for (const auto& reader : cluster.names()) CHECK(cluster.get(reader, key) == "by " + writer);
  }
  CHECK(member_of(cluster.status("node1"), "role") == "leader");
  CHECK(member_of(cluster.status("node2"), "leader") == "node1");
  CHECK(cluster.digests_agree());
  for (const auto& name : cluster.names()) CHECK(cluster.stop(name) == 0);
}

TEST_CASE("cluster: a killed follower comes back and catches up") {
  ProcessCluster cluster(3);
  cluster.start_all();
  cluster.kill("node3");
  for (int i = 0; i < 50; ++i) cluster.put("node2", "k" + std::to_string(i), "v");
  cluster.start("node3");
  CHECK(cluster.get("node3", "k49") == "v");
  CHECK(cluster.digests_agree());
}

TEST_CASE("cluster: a killed leader is replaced by promotion, nothing acknowledged is lost") {
  ProcessCluster cluster(3);
  cluster.start_all();
  for (int i = 0; i < 50; ++i) cluster.put("node1", "k" + std::to_string(i), "v");
  cluster.kill("node1");
  CHECK_THAT(cluster.command("node3", "promote", R"({"node":"node2"})"), Contains("node2"));
  cluster.put("node3", "after", "the promotion");
  CHECK(cluster.get("node2", "after") == "the promotion");
  for (int i = 0; i < 50; ++i) CHECK(cluster.get("node3", "k" + std::to_string(i)) == "v");
  // The old leader returns as a follower.
  cluster.start("node1");
  CHECK(cluster.get("node1", "after") == "the promotion");
  CHECK(eventually([&] { return member_of(cluster.status("node1"), "role") == "follower"; }));
  CHECK(cluster.digests_agree());
}

TEST_CASE("cluster: a restarted leader resumes by itself") {
  ProcessCluster cluster(3);
  cluster.start_all();
  cluster.put("node2", "k", "before");
  cluster.kill("node1");
  cluster.start("node1");
  CHECK(cluster.get("node2", "k") == "before");
  cluster.put("node3", "k", "after");
  CHECK(member_of(cluster.status("node1"), "role") == "leader");
}

TEST_CASE("cluster: without a quorum writes are refused and reads are not served stale") {
  ProcessCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "k", "v");
  cluster.kill("node2");
  cluster.kill("node3");
  CHECK(eventually([&] {
    auto client = cluster.connect("node1");
    if (!client) return false;
    const auto written = client->put("k", "w");
    return !written && written.error().code() == kvhost::StatusCode::NO_QUORUM;
  }));
  auto client = cluster.connect("node1");
  REQUIRE(client);
  CHECK_FALSE(client->get("k"));
  cluster.start("node2");
  CHECK(cluster.takes_writes("node1"));
}

TEST_CASE("cluster: a node that lost its data is refused until it is replaced") {
  ProcessCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "k", "v");
  cluster.kill("node3");
  cluster.wipe("node3");
  cluster.start("node3");
  CHECK(cluster.logs("node3", "comes with another data directory"));
  const std::string address =
      R"({"id":"node3","address":")" + cluster.peer_address("node3") + "\"}";
  CHECK_THAT(cluster.command("node1", "remove", R"({"id":"node3"})"), Contains("{}"));
  CHECK_THAT(cluster.command("node1", "add", address), Contains("{}"));
  CHECK(cluster.get("node3", "k") == "v");
  CHECK(cluster.digests_agree());
}

TEST_CASE("cluster: a follower far behind gets a checkpoint, and what follows from the log") {
  ProcessCluster cluster(3, "retain_log = \"1KiB\"\nretain_log_max = \"1MiB\"\n");
  cluster.start_all();
  cluster.kill("node3");
  const std::string value(20'000, 'x');
  auto client = cluster.connect("node1");
  REQUIRE(client);
  for (int i = 0; i < 400; ++i) {
    if (!client->put("big" + std::to_string(i % 150), value + std::to_string(i))) {
      cluster.put("node1", "big" + std::to_string(i % 150), value + std::to_string(i));
    }
  }
  CHECK(eventually([&] {
    (void)client->command("flush", "");
    return member_of(cluster.status("node1"), "first_index") > "1" &&
           std::stoull("0" + member_of(cluster.status("node1"), "first_index")) > 100;
  }));
  cluster.start("node3");
  CHECK(cluster.get("node3", "big99") == value + "399");
  CHECK(cluster.logs("node3", "by a checkpoint"));
  CHECK(cluster.digests_agree());
}

TEST_CASE("cluster: members come and go while it serves") {
  ProcessCluster cluster(3);
  cluster.start_all();
  const std::string added = cluster.add_node();
  cluster.start(added);
  CHECK_THAT(cluster.command("node1", "add",
                             R"({"id":"node4","address":")" + cluster.peer_address(added) + "\"}"),
             Contains("{}"));
  cluster.put(added, "k", "through the new node");
  CHECK(cluster.get("node1", "k") == "through the new node");
  CHECK_THAT(cluster.command("node4", "remove", R"({"id":"node2"})"), Contains("{}"));
  cluster.kill("node2");
  CHECK(cluster.takes_writes("node3"));
}

TEST_CASE("cluster: the last one is promoted by force") {
  ProcessCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "k", "v");
  CHECK(cluster.get("node2", "k") == "v");
  cluster.kill("node1");
  cluster.kill("node3");
  CHECK_THAT(cluster.command("node2", "promote", R"({"node":"node2","force":true})"),
             Contains("what only the lost nodes had is lost"));
  cluster.wipe("node3");
  cluster.start("node3");
  CHECK(cluster.takes_writes("node2"));
  CHECK(cluster.get("node3", "k") == "v");
  // A node of the old life is told so.
  cluster.start("node1");
  CHECK(cluster.logs("node1", "different lives of the cluster"));
}

TEST_CASE("cluster: a paused leader serves nothing stale after a promotion") {
  ProcessCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "k", "old");
  cluster.signal("node1", SIGSTOP);
  CHECK(eventually([&] {
    return cluster.command("node2", "promote", R"({"node":"node2"})").find("node2") !=
           std::string::npos;
  }));
  cluster.put("node2", "k", "new");
  cluster.signal("node1", SIGCONT);
  CHECK(cluster.get("node1", "k") == "new");
}

TEST_CASE("cluster: the first two-node example, by a quorum of both") {
  ProcessCluster cluster(2, "write_quorum = 2\n");
  cluster.start_all();
  cluster.put("node1", "k", "v");
  CHECK(cluster.get("node2", "k") == "v");
  cluster.kill("node1");
  CHECK_THAT(cluster.command("node2", "promote", R"({"node":"node2"})"), !Contains("k\":"));
  cluster.start("node1");
  CHECK(cluster.takes_writes("node2"));
  CHECK(cluster.get("node1", "k") == "v");
}
