// The strategy is a line of the file: data, TTLs and versions stay when it changes. What only a
// strategy's log holds is not forgotten by accident.
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "host/node_process.hpp"
#include "kvhost/client/client.hpp"
#include "support/places.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::host::testing {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

std::string solo(const std::string& name) { return "[replication]\nplugin = \"" + name + "\"\n"; }

// The strategies that this build has, in the order that a node goes through.
std::vector<std::pair<std::string, std::string>> strategies() {
  std::vector<std::pair<std::string, std::string>> list;
  list.emplace_back("none", "");
  list.emplace_back("solo", solo("solo"));
#ifdef KVHOST_HAS_LEADER_FOLLOWER
  list.emplace_back("leader-follower",
                    "[replication]\nplugin = \"leader-follower\"\n[replication.options]\n"
                    "cluster_id = \"swap\"\nlisten = \"127.0.0.1:0\"\nleader = \"node1\"\n");
#endif
#ifdef KVHOST_HAS_RAFT
  list.emplace_back("raft",
                    "[replication]\nplugin = \"raft\"\n[replication.options]\n"
                    "cluster_id = \"swap\"\nlisten = \"127.0.0.1:0\"\n");
#endif
  list.emplace_back("solo-too", solo("solo-too"));
  list.emplace_back("none", "");
  return list;
}

struct Folder {
  void write(const std::string& replication) const {
    std::ofstream(directory.path() + "/node.toml")
        << "[node]\nid = \"node1\"\nplugin_path = [\"" << kvhost::testing::binary_dir()
        << "/tests/plugins/solo\"]\n[engine]\nmemory = \"32MiB\"\nwal_segment_size = \"1MiB\"\n"
           "[[transport]]\nplugin = \"tcp\"\n[transport.options]\nlisten = \"127.0.0.1:0\"\n"
           "[metrics]\nplugin = \"none\"\n"
        << replication;
  }
  engine::testing::TemporaryDirectory directory;
};

class Node {
 public:
  explicit Node(const Folder& folder)
      : process_(folder.directory.path(), {"--config", "node.toml"}) {
    const bool is_ready = process_.prints("ready\n");
    INFO(process_.err());
    REQUIRE(is_ready);
    const std::string before = "tcp listens on ";
    const std::string out = process_.out();
    const auto at = out.find(before);
    REQUIRE(at != std::string::npos);
    client::ClientOptions options;
    options.endpoints = {out.substr(at + before.size(), out.find('\n', at) - at - before.size())};
    options.request_timeout = 20s;
    auto connected = client::Client::connect(std::move(options));
    INFO(connected.status().to_string());
    REQUIRE(connected.has_value());
    client = std::make_unique<client::Client>(std::move(*connected));
  }
  void stop() {
    client.reset();
    process_.send(SIGTERM);
    const auto end = process_.wait();
    INFO(end.err);
    REQUIRE(end.exit_code == 0);
  }
  void kill() {
    client.reset();
    process_.send(SIGKILL);
    (void)process_.wait();
  }

  std::unique_ptr<client::Client> client;

 private:
  NodeProcess process_;
};

client::Entry get(client::Client& client, const std::string& key) {
  const auto got = client.get(key);
  INFO(key << ": " << got.status().to_string());
  REQUIRE(got.has_value());
  REQUIRE(got->has_value());
  return **got;
}

// Writes that the node must take within a while: a strategy may have to find its leader first.
uint64_t put(client::Client& client, const std::string& key, const std::string& value,
             std::chrono::milliseconds ttl = 0ms) {
  client::PutOptions options;
  options.ttl = ttl;
  options.timeout = 5s;
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  for (;;) {
    const auto version = client.put(key, value, options);
    if (version) return *version;
    INFO(version.status().to_string());
    REQUIRE(std::chrono::steady_clock::now() < give_up);
    std::this_thread::sleep_for(50ms);
  }
}

}  // namespace

TEST_CASE("data, ttls and versions stay when the strategy changes") {
  const Folder folder;
  uint64_t first_version = 0;
  uint64_t newest = 0;
  int round = 0;
  for (const auto& [name, section] : strategies()) {
    INFO("under " << name);
    folder.write(section);
    Node node(folder);
    if (round == 0) {
      first_version = put(*node.client, "first", "written without a strategy");
      put(*node.client, "ttl", "for an hour", 1h);
    }
    // Wait for the leader with a write of this round's own.
    const uint64_t version = put(*node.client, "round" + std::to_string(round), name);
    CHECK(version > newest);
    newest = version;
    const auto first = get(*node.client, "first");
    CHECK(first.value == "written without a strategy");
    CHECK(first.version == first_version);
    const auto with_ttl = get(*node.client, "ttl");
    CHECK(with_ttl.ttl_ms > 3'000'000);
    CHECK(with_ttl.ttl_ms <= 3'600'000);
    for (int earlier = 0; earlier <= round; ++earlier) {
      get(*node.client, "round" + std::to_string(earlier));
    }
    const auto sum = node.client->increment("count", 1);
    REQUIRE(sum.has_value());
    CHECK(sum->value == round + 1);
    newest = std::max(newest, sum->version);
    node.stop();
    ++round;
  }
}

TEST_CASE("a killed node replays its strategy's log") {
  const Folder folder;
  folder.write(solo("solo"));
  {
    Node node(folder);
    for (int i = 0; i < 200; ++i) put(*node.client, "key" + std::to_string(i), "v");
    node.kill();
  }
  for (int life = 0; life < 2; ++life) {
    Node node(folder);
    for (int i = 0; i < 200; ++i) CHECK(get(*node.client, "key" + std::to_string(i)).value == "v");
    put(*node.client, "life", std::to_string(life));
    node.kill();
  }
  Node node(folder);
  CHECK(get(*node.client, "life").value == "1");
  node.stop();
}

TEST_CASE("a strategy is not changed over a log that the tables may lack") {
  const Folder folder;
  folder.write(solo("solo"));
  {
    Node node(folder);
    put(*node.client, "k", "only in the log");
    node.kill();
  }
  folder.write("");
  {
    NodeProcess refused(folder.directory.path(), {"--config", "node.toml"});
    const auto end = refused.wait();
    CHECK(end.exit_code == 78);
    CHECK_THAT(end.err, Contains("was not stopped in order under solo") &&
                            Contains("start it once with plugin = \"solo\""));
  }
  folder.write(solo("solo"));
  {
    Node node(folder);
    CHECK(get(*node.client, "k").value == "only in the log");
    node.stop();
  }
  folder.write("");
  Node node(folder);
  CHECK(get(*node.client, "k").value == "only in the log");
  node.stop();
}

TEST_CASE("what was written under none is not lost by a strategy's old journal") {
  const Folder folder;
  folder.write(solo("solo"));
  {
    Node node(folder);
    put(*node.client, "k", "old");
    node.stop();
  }
  folder.write("");
  {
    Node node(folder);
    put(*node.client, "k", "newer");
    node.stop();
  }
  folder.write(solo("solo"));
  {
    Node node(folder);
    CHECK(get(*node.client, "k").value == "newer");
    put(*node.client, "k", "newest");
    node.kill();
  }
  Node node(folder);
  CHECK(get(*node.client, "k").value == "newest");
  node.stop();
}

}  // namespace kvhost::host::testing
