// Links under TLS: who may take part, and what is said to whoever may not.
#include <catch2/catch.hpp>

#include "process_cluster.hpp"
#include "support/certificates.hpp"

using namespace kvhost::testing;

namespace {

// Three nodes that have formed a cluster with certificates of one authority.
struct TlsCluster {
  CertificateAuthority authority;
  ProcessCluster cluster{3};
  TlsCluster() {
    for (const auto& name : cluster.names()) {
      authority.issue(cluster.directory_of(name), name, cluster.address(name));
      cluster.write_config(name, authority.options());
    }
    cluster.start_all();
  }
  void issue_for_node3(const CertificateAuthority& by, const std::string& name) {
    cluster.kill("node3");
    by.issue(cluster.directory_of("node3"), name, cluster.address("node3"));
    cluster.start("node3");
  }
  // node1 and node2 serve, node3 does not.
  void check_without_node3() {
    CHECK(cluster.takes_writes("node2"));
    auto client = cluster.connect("node3");
    REQUIRE(client);
    CHECK_FALSE(client->put("k", "v"));
  }
};

}  // namespace

TEST_CASE("tls: nodes with certificates of one authority make a cluster") {
  TlsCluster tls;
  ProcessCluster& cluster = tls.cluster;
  cluster.put("node3", "k", std::string(1'000'000, 'x'));
  CHECK(cluster.get("node2", "k").size() == 1'000'000);
  cluster.kill("node2");
  cluster.put("node1", "k", "after");
  cluster.start("node2");
  CHECK(cluster.get("node2", "k") == "after");
  CHECK(cluster.digests_agree());
  CHECK(cluster.log("node1").find("not encrypted") == std::string::npos);
}

TEST_CASE("tls: a certificate of another authority is refused, and both sides are told") {
  TlsCluster tls;
  const CertificateAuthority other;
  tls.issue_for_node3(other, "node3");
  CHECK(tls.cluster.logs("node1", "certificate verify failed"));
  CHECK(tls.cluster.logs("node3", "unknown ca"));
  tls.check_without_node3();
}

TEST_CASE("tls: a certificate is good for the node that it names alone") {
  TlsCluster tls;
  tls.issue_for_node3(tls.authority, "node7");
  const std::string words =
      "the peer says it is \"node3\", but its certificate names CN=node7, DNS:node7";
  CHECK(tls.cluster.logs("node1", words));
  CHECK(tls.cluster.logs("node3", words));
  tls.check_without_node3();
}

TEST_CASE("tls: a node without TLS and nodes with it tell each other") {
  TlsCluster tls;
  tls.cluster.kill("node3");
  tls.cluster.write_config("node3");
  tls.cluster.start("node3");
  CHECK(tls.cluster.logs("node1", "the peer does not speak TLS"));
  CHECK(tls.cluster.logs("node3", "the peer speaks TLS, this node does not: see tls_ca"));
  tls.check_without_node3();
}

TEST_CASE("tls: files that are no certificates are named") {
  const CertificateAuthority authority;
  ProcessCluster cluster(2);
  for (const auto& name : cluster.names()) {
    authority.issue(cluster.directory_of(name), name, cluster.address(name));
  }
  std::string missing;
  SECTION("the authority's") {
    missing = "tls_ca";
    cluster.write_config(
        "node1", "tls_ca = \"none.crt\"\ntls_cert = \"peer.crt\"\ntls_key = \"peer.key\"\n");
  }
  SECTION("the key of another certificate") {
    missing = "tls_key";
    cluster.write_config("node1", "tls_ca = \"" + authority.certificate() +
                                      "\"\ntls_cert = \"peer.crt\"\ntls_key = \"" +
                                      cluster.directory_of("node2") + "/peer.key\"\n");
  }
  SECTION("only one of the three") {
    missing = "tls_ca, tls_cert and tls_key";
    cluster.write_config("node1", "tls_cert = \"peer.crt\"\n");
  }
  const auto finished = cluster.run("node1");
  INFO(finished.err);
  CHECK(finished.exit_code == 78);
  CHECK(finished.err.find(missing) != std::string::npos);
}
