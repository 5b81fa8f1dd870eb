// Thousands of random histories. KVHOST_SIMULATION_SEEDS makes it longer; a failing run prints its
// seed, KVHOST_SIMULATION_SEED repeats it.
#include "unit/leader_follower/simulation.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

using namespace kvhost::leader_follower;
using namespace kvhost::leader_follower::testing;

namespace {

uint64_t number_from(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Shape {
  uint32_t nodes;
  uint32_t write_quorum;
  uint32_t read_quorum;
};

void run_seeds(const Shape& shape, uint64_t first, uint64_t count) {
  count = number_from("KVHOST_SIMULATION_SEEDS", count);
  if (const uint64_t only = number_from("KVHOST_SIMULATION_SEED", 0); only != 0) {
    first = only;
    count = 1;
  }
  SimCounts total;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SimOptions options;
    options.seed = seed;
    options.nodes = shape.nodes;
    options.write_quorum = shape.write_quorum;
    options.read_quorum = shape.read_quorum;
    Simulation simulation(options);
    const std::string problem = simulation.run();
    INFO("repeat with KVHOST_SIMULATION_SEED=" << seed);
    REQUIRE(problem == "");
    total.crashes += simulation.counts().crashes;
    total.partitions += simulation.counts().partitions;
    total.promotions += simulation.counts().promotions;
    total.checkpoints += simulation.counts().checkpoints;
    total.acknowledged += simulation.counts().acknowledged;
    total.unknown += simulation.counts().unknown;
  }
  std::cout << count << " runs of " << shape.nodes << " nodes: " << total.acknowledged
            << " operations acknowledged, " << total.unknown << " unknown, " << total.crashes
            << " crashes, " << total.partitions << " partitions, " << total.promotions
            << " promotions, " << total.checkpoints << " checkpoints\n";
  CHECK(total.crashes > 0);
  CHECK(total.acknowledged > count);
}

}  // namespace

TEST_CASE("simulation: without faults every operation succeeds") {
  SimOptions options;
  options.has_faults = false;
  Simulation simulation(options);
  CHECK(simulation.run() == "");
  CHECK(simulation.counts().refused == 0);
  CHECK(simulation.counts().unknown == 0);
  CHECK(simulation.counts().acknowledged > 300);
}

TEST_CASE("simulation: three nodes survive faults of every kind") { run_seeds({3, 2, 2}, 1, 250); }
TEST_CASE("simulation: five nodes survive faults of every kind") { run_seeds({5, 3, 3}, 1001, 60); }
TEST_CASE("simulation: two nodes that both must write") { run_seeds({2, 2, 1}, 2001, 100); }
TEST_CASE("simulation: writes to all, reads from one") { run_seeds({3, 3, 1}, 3001, 60); }
TEST_CASE("simulation: writes to one, reads from all") { run_seeds({3, 1, 3}, 4001, 60); }
TEST_CASE("simulation: a node alone") { run_seeds({1, 1, 1}, 5001, 20); }

TEST_CASE("simulation: a disk that lies about syncs is found out") {
  bool is_found = false;
  for (uint64_t seed = 1; seed <= 60 && !is_found; ++seed) {
    SimOptions options;
    options.seed = seed;
    options.lies_about_sync = true;
    is_found = !Simulation(options).run().empty();
  }
  CHECK(is_found);
}

TEST_CASE("simulation: reads of a leader that asks nobody are found out") {
  bool is_found = false;
  for (uint64_t seed = 1; seed <= 200 && !is_found; ++seed) {
    SimOptions options;
    options.seed = seed;
    options.reads_without_quorum = true;
    is_found = Simulation(options).run().find("not linearizable") != std::string::npos;
  }
  CHECK(is_found);
}
