// What a cluster of three promises while it is whole, restarts and loses nodes.
#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <thread>

#include "raft_cluster.hpp"

namespace kvhost::testing {
namespace {

using std::chrono::seconds;

// A client that writes numbered keys to a node until it is told to stop, and notes what was
// acknowledged.
class Writer {
 public:
  Writer(RaftCluster& cluster, std::vector<std::string> nodes, std::string prefix)
      : cluster_(cluster), nodes_(std::move(nodes)), prefix_(std::move(prefix)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Writer() { stop(); }
  void stop() {
    is_stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
  }
  std::vector<std::string> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }

 private:
  void run() {
    std::optional<client::Client> client;
    for (std::size_t i = 0; !is_stopping_; ++i) {
      if (!client) client = cluster_.connect(nodes_[i % nodes_.size()], seconds(3));
      if (!client) continue;
      const std::string key = prefix_ + std::to_string(i);
      if (client->put(key, "value of " + key)) {
        const std::lock_guard lock(mutex_);
        acknowledged_.push_back(key);
      } else {
        client.reset();
      }
    }
  }

  RaftCluster& cluster_;
  const std::vector<std::string> nodes_;
  const std::string prefix_;
  std::atomic<bool> is_stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> acknowledged_;
  std::thread thread_;
};

bool holds_all(RaftCluster& cluster, const std::string& node,
               const std::vector<std::string>& keys) {
  std::string missing;
  const bool holds = eventually([&] {
    auto client = cluster.connect(node, seconds(30));
    if (!client) return false;
    const auto entries = client->multi_get(keys);
    if (!entries) return false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto& entry = (*entries)[i];
      if (!entry || entry->value != "value of " + keys[i]) {
        missing = keys[i];
        return true;
      }
    }
    return true;
  });
  UNSCOPED_INFO(node << " misses: " << missing);
  return holds && missing.empty();
}

}  // namespace

TEST_CASE("raft: any node takes writes, any node reads them") {
  RaftCluster cluster(3);
  cluster.start_all();
  int number = 0;
  for (const auto& writer : cluster.names()) {
    for (const auto& reader : cluster.names()) {
      const std::string value = "value " + std::to_string(++number);
      cluster.put(writer, "key", value);
      CHECK(cluster.get(reader, "key") == value);
    }
  }
  auto client = cluster.connect(cluster.follower());
  REQUIRE(client);
  for (int i = 1; i <= 20; ++i) {
    const auto sum = client->increment("sum", 2);
    REQUIRE(sum);
    CHECK(sum->value == 2 * i);
  }
  client::WriteBatch batch;
  batch.require_absent("key").put("other", "no");
  const auto refused = client->write(batch);
  REQUIRE(refused);
  CHECK_FALSE(refused->applied);
  CHECK(cluster.get("node1", "other") == "(absent)");
  CHECK(cluster.digests_agree(cluster.names()));
}

TEST_CASE("raft: the leader is killed, nothing acknowledged is lost") {
  RaftCluster cluster(3);
  cluster.start_all();
  for (int round = 0; round < 2; ++round) {
    const std::string old = cluster.leader();
    std::vector<std::string> others;
    for (const auto& name : cluster.names()) {
      if (name != old) others.push_back(name);
    }
    Writer writer(cluster, others, "round" + std::to_string(round) + "-");
    REQUIRE(eventually([&] { return writer.count() > 50; }));
    cluster.kill(old);
    const std::size_t before = writer.count();
    const bool goes_on = eventually([&] { return writer.count() > before + 50; });
    writer.stop();
    CHECK(goes_on);
    cluster.start(old);
    for (const auto& name : cluster.names()) {
      CHECK(holds_all(cluster, name, writer.acknowledged()));
    }
    CHECK(cluster.digests_agree(cluster.names()));
  }
}

TEST_CASE("raft: all nodes are killed at once, and come back with everything") {
  RaftCluster cluster(3);
  cluster.start_all();
  std::vector<std::string> keys;
  {
    Writer writer(cluster, cluster.names(), "key-");
    REQUIRE(eventually([&] { return writer.count() > 200; }));
    for (const auto& name : cluster.names()) cluster.kill(name);
    writer.stop();
    keys = writer.acknowledged();
  }
  cluster.start_all();
  for (const auto& name : cluster.names()) CHECK(holds_all(cluster, name, keys));
  CHECK(cluster.digests_agree(cluster.names()));
}

TEST_CASE("raft: a rolling restart loses nothing, and SIGTERM ends each node with 0") {
  RaftCluster cluster(3);
  cluster.start_all();
  std::vector<std::string> keys;
  for (const auto& name : cluster.names()) {
    std::vector<std::string> others;
    for (const auto& other : cluster.names()) {
      if (other != name) others.push_back(other);
    }
    Writer writer(cluster, others, name + "-");
    REQUIRE(eventually([&] { return writer.count() > 20; }));
    CHECK(cluster.stop(name) == 0);
    const std::size_t before = writer.count();
    CHECK(eventually([&] { return writer.count() > before + 20; }));
    cluster.start(name);
    REQUIRE(cluster.takes_writes(name));
    writer.stop();
    const auto more = writer.acknowledged();
    keys.insert(keys.end(), more.begin(), more.end());
  }
  for (const auto& name : cluster.names()) CHECK(holds_all(cluster, name, keys));
  CHECK(cluster.digests_agree(cluster.names()));
}

TEST_CASE("raft: signals reach the host beside the Go runtime") {
  RaftCluster cluster(1);
  cluster.start_all();
  cluster.put("node1", "key", "value");
  cluster.signal("node1", SIGHUP);
  CHECK(eventually([&] { return cluster.log("node1").find("reload") != std::string::npos; }));
  cluster.signal("node1", SIGURG);  // what the Go runtime sends to its own threads
  cluster.put("node1", "key", "after");
  CHECK(cluster.get("node1", "key") == "after");
  CHECK(cluster.stop("node1") == 0);
}

TEST_CASE("raft: without a majority writes are refused, local reads are served") {
  RaftCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "key", "value");
  const std::string left = cluster.leader();
  CHECK(cluster.get(left, "key") == "value");
  for (const auto& name : cluster.names()) {
    if (name != left) cluster.kill(name);
  }
  auto client = cluster.connect(left, seconds(2));
  REQUIRE(client);
  // The first may have been on its way already; then a leader without a majority steps down.
  CHECK(eventually([&] {
    const auto refused = client->put("key", "other");
    return !refused && refused.error().code() == StatusCode::NO_QUORUM;
  }));
  client::CallOptions options;
  options.read_level = ReadLevel::kLinearizable;
  const auto linearizable = client->get("key", options);
  CHECK_FALSE(linearizable);
  options.read_level = ReadLevel::kLocal;
  const auto local = client->get("key", options);
  REQUIRE(local);
  REQUIRE(*local);
  CHECK((*local)->value == "value");
}

TEST_CASE("raft: the status tells what the metrics are made of") {
  RaftCluster cluster(3);
  cluster.start_all();
  const std::string leader = cluster.leader();
  const auto shows = [&](const std::string& words) {
    const bool does =
        eventually([&] { return cluster.status(leader).find(words) != std::string::npos; });
    if (!does) UNSCOPED_INFO("no " << words << " in " << cluster.status(leader));
    return does;
  };
  CHECK(shows("\"connected\":true,\"rtt_seconds\":"));
  CHECK(shows("\"lag\":0"));
  CHECK(member_of(cluster.status(leader), "quorum_failures") == "0");
  CHECK(member_of(cluster.status(leader), "leader_changes") != "0");
  for (const auto& name : cluster.names()) {
    if (name != leader) cluster.kill(name);
  }
  CHECK(shows("\"connected\":false"));
  auto client = cluster.connect(leader, seconds(1));
  REQUIRE(client);
  CHECK(eventually([&] {
    CHECK_FALSE(client->put("key", "value"));
    return member_of(cluster.status(leader), "quorum_failures") > "0";
  }));
}

TEST_CASE("raft: a paused leader neither serves nor orders when it wakes") {
  RaftCluster cluster(3);
  cluster.start_all();
  cluster.put("node1", "key", "old");
  const std::string old = cluster.leader();
  auto client = cluster.connect(old, seconds(20));
  REQUIRE(client);
  cluster.signal(old, SIGSTOP);
  std::string other;
  for (const auto& name : cluster.names()) {
    if (name != old) other = name;
  }
  cluster.put(other, "key", "new");
  cluster.signal(old, SIGCONT);
  client::CallOptions options;
  options.read_level = ReadLevel::kLinearizable;
  const auto entry = client->get("key", options);
  if (entry) {
    REQUIRE(*entry);
    CHECK((*entry)->value == "new");
  }
  CHECK(cluster.get(old, "key") == "new");
  CHECK(cluster.digests_agree(cluster.names()));
}

}  // namespace kvhost::testing
