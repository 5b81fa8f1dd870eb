// Peers under TLS: who may take part, and what is said to whoever may not.
#include <catch2/catch.hpp>
#include <filesystem>

#include "raft_cluster.hpp"
#include "support/certificates.hpp"

namespace kvhost::testing {
namespace {

// Three nodes that have formed a cluster with certificates of one authority.
struct TlsCluster {
  CertificateAuthority authority;
  RaftCluster cluster{3, authority.options()};
  TlsCluster() {
    for (const auto& name : cluster.names()) issue(authority, name, name);
    cluster.start_all();
  }
  void issue(const CertificateAuthority& by, const std::string& node, const std::string& name) {
    const std::string address = cluster.peer_address(node);
    by.issue(std::filesystem::path(cluster.config_path(node)).parent_path().string(), name,
             address.substr(0, address.find(':')));
  }
  bool logs(const std::string& node, const std::string& words) {
    const bool does =
        eventually([&] { return cluster.log(node).find(words) != std::string::npos; });
    if (!does) UNSCOPED_INFO(node << " does not say \"" << words << "\":\n" << cluster.log(node));
    return does;
  }
  // node1 and node2 serve; a write at node3 is refused.
  void check_without_node3() {
    CHECK(cluster.takes_writes("node2"));
    auto client = cluster.connect("node3", std::chrono::seconds(2));
    REQUIRE(client);
    CHECK_FALSE(client->put("k", "v"));
  }
};

}  // namespace

TEST_CASE("raft tls: nodes with certificates of one authority make a cluster") {
  TlsCluster tls;
  RaftCluster& cluster = tls.cluster;
  cluster.put("node3", "k", std::string(1'000'000, 'x'));
  CHECK(cluster.get("node2", "k").size() == 1'000'000);
  const std::string old = cluster.leader();
  cluster.kill(old);
  const std::string other = old == "node1" ? "node2" : "node1";
  cluster.put(other, "k", "after");
  cluster.start(old);
  CHECK(cluster.get(old, "k") == "after");
  CHECK(cluster.digests_agree(cluster.names()));
}

TEST_CASE("raft tls: a certificate of another authority is refused, and both sides are told") {
  TlsCluster tls;
  const CertificateAuthority other;
  tls.cluster.kill("node3");
  tls.issue(other, "node3", "node3");
  tls.cluster.start("node3");
  CHECK(tls.logs("node1", "certificate signed by unknown authority"));
  CHECK(tls.logs("node3", "bad certificate"));
  tls.check_without_node3();
}

TEST_CASE("raft tls: a certificate is good for the node that it names alone") {
  TlsCluster tls;
  tls.cluster.kill("node3");
  tls.issue(tls.authority, "node3", "node7");
  tls.cluster.start("node3");
  const std::string words = "the peer is to be \"node3\", but its certificate names node7";
  CHECK(tls.logs("node1", words));
  CHECK(tls.logs("node3", words));
  tls.check_without_node3();
}

}  // namespace kvhost::testing
