// A node's life from outside: start, signals, reload, end.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "host/node_folder.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using Clock = std::chrono::steady_clock;

uint16_t printed_port(const std::string& out) {
  const std::string before = "tiny-line listens on 127.0.0.1:";
  const auto at = out.find(before);
  return at == std::string::npos ? 0
                                 : static_cast<uint16_t>(std::stoi(out.substr(at + before.size())));
}

std::string greeting(uint16_t port) {
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  char line[16] = {};
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    (void)!read(client, line, sizeof(line) - 1);
  }
  close(client);
  return line;
}

TEST_CASE("a node starts, prints its real port, serves and ends on SIGTERM") {
  const NodeFolder folder;
  folder.write_tiny();
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  const auto port = printed_port(node.out());
  CHECK(port != 0);
  CHECK(greeting(port) == "tiny\n");
  node.send(SIGTERM);
  const auto end = node.wait();
  CHECK(end.exit_code == 0);
  CHECK(says(end.err, "node: stopped"));
  // And again over the same data.
  NodeProcess second(folder.path(), {"--config", folder.config()});
  REQUIRE(second.prints("ready"));
  second.send(SIGINT);
  CHECK(second.wait().exit_code == 0);
}

TEST_CASE("the drain ends at its deadline") {
  const NodeFolder folder;
  folder.write_tiny("", "", "drain = \"1h\"", "drain_timeout = \"200ms\"");
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  const auto begin = Clock::now();
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
  CHECK(Clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("a second SIGTERM ends the node at once") {
  const NodeFolder folder;
  folder.write_tiny("", "", "drain = \"1h\"", "drain_timeout = \"1h\"");
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  const auto begin = Clock::now();
  node.send(SIGTERM);
  REQUIRE(node.prints("node: stopping"));
  node.send(SIGTERM);
  const auto end = node.wait();
  CHECK(end.exit_code == 0);
  CHECK(says(end.err, "a second signal came"));
  CHECK(Clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("SIGHUP takes over what is reloadable and names what is not") {
  const NodeFolder folder;
  folder.write_tiny("", "fanout = 4");
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  folder.write_tiny("", "fanout = 9\ntarget = \"2MiB\"", "",
                    "log_level = \"debug\"\nid = \"other\"");
  node.send(SIGHUP);
  REQUIRE(node.prints("needs a restart"));
  CHECK(says(node.err(), "tiny: fanout is 9"));
  CHECK(says(node.err(), "reloaded: [node] log_level, [compaction.options] (\"tiny\") fanout"));
  CHECK(says(node.err(), "needs a restart: [node] id, [compaction.options] (\"tiny\") target"));
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("a reload with a mistake changes nothing") {
  const NodeFolder folder;
  folder.write_tiny("", "fanout = 4");
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  folder.write_tiny("", "fanout = 9", "", "log_levle = \"debug\"");
  node.send(SIGHUP);
  REQUIRE(node.prints("nothing was changed"));
  CHECK(says(node.err(), "Did you mean log_level?"));
  CHECK_FALSE(says(node.err(), "fanout is 9"));
  // What only the plugin can refuse.
  folder.write_tiny("", "fanout = 13");
  node.send(SIGHUP);
  REQUIRE(node.prints("13 is unlucky"));
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("a log in JSON has one object a line") {
  const NodeFolder folder;
  folder.write_tiny("", "", "", "log_format = \"json\"");
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("\"component\":\"node\",\"text\":\"ready"));
  node.send(SIGTERM);
  const auto end = node.wait();
  CHECK(end.exit_code == 0);
  std::istringstream lines(end.err);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    ++count;
    CHECK(line.starts_with("{\"time\":\""));
    CHECK(line.ends_with("\"}"));
  }
  CHECK(count >= 3);
}

}  // namespace
}  // namespace kvhost::host
