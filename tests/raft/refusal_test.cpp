// What comes in on the port for peers that is no peer, and nodes that do not belong together.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "raft_cluster.hpp"

namespace kvhost::testing {
namespace {

using Catch::Matchers::Contains;

// Sends bytes to a port; what comes back until the other side closes.
std::string talk(const std::string& address, const std::string& bytes) {
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  const auto colon = address.find(':');
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  if (connect(peer, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) return "no connection";
  const timeval patience{20, 0};
  setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  (void)!send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string answer;
  char room[4096];
  ssize_t got = 0;
  while ((got = recv(peer, room, sizeof(room), 0)) > 0)
    answer.append(room, static_cast<std::size_t>(got));
  close(peer);
  return answer;
}

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string hello(int protocol, const std::string& cluster, const std::string& node) {
  return post("/kvhost/hello", "{\"protocol\":" + std::to_string(protocol) + ",\"cluster_id\":\"" +
                                   cluster + "\",\"node_id\":\"" + node +
                                   "\",\"raft_id\":\"1\",\"birth\":\"1\",\"address\":\"x\"}");
}

bool logs(RaftCluster& cluster, const std::string& node, const std::string& words) {
  const bool does = eventually([&] { return cluster.log(node).find(words) != std::string::npos; });
  if (!does) UNSCOPED_INFO(node << " does not say \"" << words << "\":\n" << cluster.log(node));
  return does;
}

}  // namespace

TEST_CASE("raft refusal: what is no peer gets an answer in words and harms nobody") {
  RaftCluster cluster(3);
  cluster.start_all();
  const std::string port = cluster.peer_address("node1");
  CHECK_THAT(talk(port, std::string(300, 'x') + "\r\n\r\n"), Contains("400 Bad Request"));
  CHECK_THAT(talk(port, "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
             Contains("404"));
  CHECK_THAT(talk(port, "GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n"),
             Contains("431"));
  CHECK_THAT(talk(port, post("/kvhost/hello", "{not json")), Contains("not the expected JSON"));
  CHECK_THAT(talk(port, post("/kvhost/hello", "[1]")), Contains("not the expected JSON"));
  CHECK_THAT(talk(port, post("/kvhost/adopt", "{}")), Contains("this node is not meant"));
  CHECK_THAT(talk(port, post("/raft", std::string(100, 'x'))), Contains("HTTP/1.1 4"));
  CHECK_THAT(talk(port, hello(99, "test", "node9")),
             Contains("speaks version 99 of the protocol") && Contains("node1 speaks 1"));
  CHECK_THAT(talk(port, hello(1, "other", "node9")), Contains("belongs to cluster \"other\""));
  CHECK_THAT(talk(port, hello(1, "test", "node1")), Contains("two nodes call themselves"));
  for (const auto& name : cluster.names()) CHECK(cluster.takes_writes(name));
}

TEST_CASE("raft refusal: two nodes with one id") {
  RaftCluster cluster(3);
  cluster.start("node1");
  cluster.start("node2");
  std::ifstream in(cluster.config_path("node3"));
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("id = \"node3\""), 12, "id = \"node9\"");
  std::ofstream(cluster.config_path("node3")) << text;
  cluster.start("node3");
  CHECK(logs(cluster, "node1", "calls itself \"node9\", peers calls it \"node3\""));
}

TEST_CASE("raft refusal: a peer that is not there is named with what was tried") {
  RaftCluster cluster(3);
  cluster.start("node1");
  CHECK(logs(cluster, "node1",
             "peer node2 at " + cluster.peer_address("node2") + " cannot be reached"));
  auto client = cluster.connect("node1");
  REQUIRE(client);
  const auto put = client->put("k", "v");
  REQUIRE_FALSE(put);
  CHECK(put.error().code() == StatusCode::STARTING);
  CHECK_THAT(put.error().message(), Contains("node2") && Contains("not formed yet"));
}

#ifdef KVHOST_HAS_LEADER_FOLLOWER
TEST_CASE("raft refusal: nodes of another strategy are told apart, on both sides") {
  RaftCluster cluster(3);
  std::ifstream in(cluster.config_path("node3"));
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("plugin = \"raft\""), 15, "plugin = \"leader-follower\"");
  text.replace(text.find("bootstrap = \"new\""), 17, "leader = \"node1\"");
  std::ofstream(cluster.config_path("node3")) << text;
  for (const auto& name : cluster.names()) cluster.start(name);
  CHECK(logs(cluster, "node1", "does it run another strategy than raft?"));
  CHECK(logs(cluster, "node3", "the peer speaks HTTP, as the strategy raft does"));
}
#endif

}  // namespace kvhost::testing
