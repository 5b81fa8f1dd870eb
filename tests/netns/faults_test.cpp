// Clients at all nodes, and a network, processes and an operator that do their worst: histories are
// linearizable, a retried increment counts once, every node accepts a write within 20 s of the last
// fault, and all replicas are alike.
//   KVHOST_NETNS_SECONDS=60 KVHOST_NETNS_SEED=7 test_netns "netns: raft with 5 nodes"
// KVHOST_NETNS_REPORT names a file that a line of JSON is added to.
#include "faults.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "workload.hpp"

namespace kvhost::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kLivenessLimit{20};

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// How long until every node has accepted a write; a longer time than the limit when one did not.
milliseconds time_to_serve(Nodes& nodes, std::string& failures) {
  const auto begun = Clock::now();
  std::vector<milliseconds> times(static_cast<std::size_t>(nodes.count()));
  std::vector<std::string> words(times.size());
  std::vector<std::thread> askers;
  for (int node = 0; node < nodes.count(); ++node) {
    askers.emplace_back([&, node] {
      const auto at = static_cast<std::size_t>(node);
      words[at] = "no connection";
      while (Clock::now() - begun <= kLivenessLimit + seconds(10)) {
        if (auto client = nodes.connect(node, milliseconds(2000))) {
          const auto version = client->put("alive" + std::to_string(node), "yes");
          if (version) break;
          words[at] = version.error().to_string();
        }
        std::this_thread::sleep_for(milliseconds(20));
      }
      times[at] = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
    });
  }
  for (auto& asker : askers) asker.join();
  for (std::size_t at = 0; at < times.size(); ++at) {
    if (times[at] > kLivenessLimit) {
      failures += Nodes::name(static_cast<int>(at)) + ": " + words[at] + "\n";
    }
  }
  return *std::max_element(times.begin(), times.end());
}

std::string as_json(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "\"" : ",\"") + name + "\":" + std::to_string(count);
  }
  return "{" + text + "}";
}

void report(const std::string& line) {
  WARN(line);
  if (const char* const path = std::getenv("KVHOST_NETNS_REPORT")) {
    std::ofstream(path, std::ios::app) << line << "\n";
  }
}

void try_strategy(const std::string& strategy, int count, const std::string& frugal) {
  if (const std::string why = Network::obstacle(); !why.empty()) {
    std::fprintf(stderr, "SKIPPED: %s\n", why.c_str());
    WARN("SKIPPED: " << why);
    return;
  }
  const uint64_t seed = from_environment("KVHOST_NETNS_SEED", 1);
  const seconds length(from_environment("KVHOST_NETNS_SECONDS", 8));
  INFO("seed " << seed);
  // Every other seed has logs so short that nodes which were away need a checkpoint.
  const bool is_frugal = seed % 2 == 0;
  Network network(count);
  Nodes nodes(network, count, strategy, is_frugal ? frugal : "");
  for (int node = 0; node < count; ++node) nodes.start(node);
  std::string failures;
  REQUIRE(time_to_serve(nodes, failures) <= kLivenessLimit);

  Workload work(nodes, seed, is_frugal ? 8000 : 100);
  Faults faults(network, nodes, seed);
  work.start();
  faults.run_for(length);
  const milliseconds alive = time_to_serve(nodes, failures);
  work.finish();
  work.read_all();
  const std::string verdict = work.verdict();
  const auto compared = nodes.check();
  report("{\"strategy\":\"" + strategy + "\",\"nodes\":" + std::to_string(count) +
         ",\"seed\":" + std::to_string(seed) + ",\"seconds\":" + std::to_string(length.count()) +
         ",\"faults\":" + as_json(faults.counts()) + ",\"operations\":" +
         std::to_string(work.operations()) + ",\"answered\":" + std::to_string(work.answered()) +
         ",\"increments\":" + std::to_string(work.increments()) +
         ",\"all_serve_after_ms\":" + std::to_string(alive.count()) +
         ",\"linearizable\":" + (verdict.empty() ? "true" : "false") +
         ",\"digests_equal\":" + (compared.exit_code == 0 ? "true" : "false") + "}");
  INFO(nodes.logs());
  INFO(failures << compared.out << compared.err);
  CHECK(verdict == "");
  CHECK(alive <= kLivenessLimit);
  CHECK(compared.exit_code == 0);
  CHECK(work.answered() > 100);
}

}  // namespace

#ifdef KVHOST_HAS_LEADER_FOLLOWER
constexpr const char* kShortLog = "retain_log = \"1KiB\"\nretain_log_max = \"1MiB\"\n";

TEST_CASE("netns: leader-follower with 3 nodes") { try_strategy("leader-follower", 3, kShortLog); }
TEST_CASE("netns: leader-follower with 5 nodes") { try_strategy("leader-follower", 5, kShortLog); }
#endif

#ifdef KVHOST_HAS_RAFT
constexpr const char* kShortRaftLog = "log_retention = \"1MiB\"\n";

TEST_CASE("netns: raft with 3 nodes") { try_strategy("raft", 3, kShortRaftLog); }
TEST_CASE("netns: raft with 5 nodes") { try_strategy("raft", 5, kShortRaftLog); }
#endif

}  // namespace kvhost::testing
