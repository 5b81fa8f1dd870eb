// Two nodes by flags alone: node 1 leads, node 2 follows, both must have a write.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "process_cluster.hpp"

using namespace kvhost::testing;
using kvhost::host::testing::NodeProcess;

namespace {

// A node whose id is its address, as its peer's flag takes the peer's host for its id.
struct FlagNode {
  kvhost::engine::testing::TemporaryDirectory directory;
  std::string address;
  std::unique_ptr<NodeProcess> process;

  void start(const std::string& peer) {
    process = std::make_unique<NodeProcess>(
        directory.path(),
        std::vector<std::string>{"--data-dir",
                                 "data",
                                 "--max-mem-size",
                                 "8388608",
                                 "--http-addr",
                                 address + ":8080",
                                 "--tcp-addr",
                                 address + ":9090",
                                 "--metrics-addr",
                                 address + ":2112",
                                 "--set",
                                 "transport.resp.options.listen=\"" + address + ":6380\"",
                                 "--node-id",
                                 address,
                                 "--replication-addr",
                                 address + ":10001",
                                 "--peers",
                                 peer + ":10001",
                                 "--quorum-size",
                                 "2"});
    const bool is_ready = process->prints("ready\n");
    INFO(process->err());
    REQUIRE(is_ready);
  }
  kvhost::Status put(const std::string& key, const std::string& value) const {
    auto client = connect();
    if (!client) return client.error();
    const auto version = client->put(key, value);
    return version ? kvhost::Status() : version.error();
  }
  std::string get(const std::string& key) const {
    auto client = connect();
    if (!client) return "";
    const auto entry = client->get(key);
    return entry && *entry ? (*entry)->value : "";
  }
  kvhost::Result<kvhost::client::Client> connect() const {
    kvhost::client::ClientOptions options;
    options.endpoints = {address + ":9090"};
    return kvhost::client::Client::connect(options);
  }
};

}  // namespace

TEST_CASE("cluster: two nodes, made by flags, with a quorum of both") {
  const std::string network =
      "127.209." + std::to_string(getpid() >> 8 & 0x7f) + "." + std::to_string(100 + getpid() % 80);
  FlagNode first;
  FlagNode second;
  first.address = network;
  second.address = "127.210" + network.substr(7);
  first.start(second.address);
  second.start(first.address);
  REQUIRE(eventually([&] { return first.put("user123", "Saurab").is_ok(); }));
  CHECK(second.get("user123") == "Saurab");
  CHECK(eventually([&] { return second.put("other", "through the follower").is_ok(); }));
  CHECK(first.get("other") == "through the follower");
  // One alone acknowledges nothing.
  second.process->send(SIGKILL);
  (void)second.process->wait();
  CHECK(eventually(
      [&] { return first.put("user123", "x").code() == kvhost::StatusCode::NO_QUORUM; }));
  second.start(first.address);
  CHECK(eventually([&] { return first.put("user123", "again").is_ok(); }));
  CHECK(second.get("user123") == "again");
}
