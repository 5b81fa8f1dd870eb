// Whom a cluster will not have, and what comes in on its port that is no peer.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "process_cluster.hpp"

using namespace kvhost::testing;
using Catch::Matchers::Contains;

namespace {

// Sends bytes to a port and waits for the other side to close; false when it does not.
bool is_closed_after(const std::string& address, const std::string& bytes) {
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(7400);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  if (connect(peer, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) return false;
  const timeval patience{30, 0};
  setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  (void)!send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  char room[4096];
  ssize_t got = 1;
  while (got > 0) got = recv(peer, room, sizeof(room), 0);
  const bool is_closed = got == 0 || errno == ECONNRESET;
  close(peer);
  return is_closed;
}

}  // namespace

TEST_CASE("refusal: garbage and oversize frames end their connection alone") {
  ProcessCluster cluster(2);
  cluster.start_all();
  CHECK(is_closed_after(cluster.address("node1"), std::string(100, 'x')));
  CHECK(is_closed_after(cluster.address("node1"), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(is_closed_after(cluster.address("node1"),
                        std::string("\xff\xff\xff\x7f\0\0\0\0\x40\0\0\0", 12)));
  CHECK(cluster.logs("node1", "expected at most 16384 bytes"));
  CHECK(cluster.takes_writes("node1"));
}

TEST_CASE("refusal: another cluster, two nodes with one id") {
  ProcessCluster cluster(3);
  cluster.write_config("node3", "", "elsewhere");
  cluster.start("node1");
  cluster.start("node2");
  cluster.start("node3");
  CHECK(cluster.logs("node3", "cluster_id: expected"));
  CHECK(cluster.logs("node1", "found \"elsewhere\""));
  cluster.kill("node3");
  cluster.write_config("node3", "", "test", "node2");
  cluster.start("node3");
  CHECK(cluster.logs("node1", "at " + cluster.peer_address("node3") + " expected node \"node3\""));
}

TEST_CASE("refusal: quorums that the cluster cannot have") {
  ProcessCluster cluster(2);
  cluster.write_config("node1", "write_quorum = 3\n");
  const auto finished = cluster.run("node1");
  CHECK(finished.exit_code == 78);
  CHECK_THAT(finished.err, Contains("write_quorum") && Contains("the cluster has 2 nodes"));
}
