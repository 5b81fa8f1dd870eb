// Not a test but a measurement, run by hand:   test_raft "[measure]"
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "raft_cluster.hpp"

namespace kvhost::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// Puts of 100 bytes by clients that each wait for their answer; a second.
double puts_a_second(RaftCluster& cluster, const std::string& node, int clients) {
  auto connection = cluster.connect(node, seconds(10));
  REQUIRE(connection);
  std::atomic<uint64_t> done{0};
  std::atomic<bool> is_over{false};
  std::atomic<int> left{clients};
  const std::string value(100, 'v');
  std::function<void(int)> next = [&](int client) {
    connection->async_put("key" + std::to_string(client) + "-" + std::to_string(done.load()), value,
                          {}, [&, client](const Result<uint64_t>& version) {
                            if (version) ++done;
                            if (is_over) {
                              --left;
                            } else {
                              next(client);
                            }
                          });
  };
  const auto begun = Clock::now();
  for (int client = 0; client < clients; ++client) next(client);
  std::this_thread::sleep_for(seconds(5));
  const uint64_t count = done;
  const double took = std::chrono::duration<double>(Clock::now() - begun).count();
  is_over = true;
  REQUIRE(eventually([&] { return left == 0; }));
  return static_cast<double>(count) / took;
}

}  // namespace

TEST_CASE("raft: what three nodes on this machine do", "[.measure]") {
  RaftCluster cluster(3);
  cluster.start_all();
  const std::string leader = cluster.leader();
  const std::string follower = cluster.follower();
  WARN("64 clients at the leader: " << puts_a_second(cluster, leader, 64) << " puts/s");
  WARN("64 clients at a follower: " << puts_a_second(cluster, follower, 64) << " puts/s");
  for (int round = 0; round < 5; ++round) {
    const std::string old = cluster.leader();
    const std::string other = cluster.follower();
    auto client = cluster.connect(other, seconds(20));
    REQUIRE(client);
    REQUIRE(client->put("before", "kill"));
    cluster.kill(old);
    const auto killed = Clock::now();
    REQUIRE(client->put("after", "kill"));
    WARN("leader killed, first commit after "
         << std::chrono::duration_cast<milliseconds>(Clock::now() - killed).count() << " ms");
    cluster.start(old);
    REQUIRE(cluster.takes_writes(old));
  }
}

}  // namespace kvhost::testing
