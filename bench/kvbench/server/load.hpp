// Puts a load on a server by many connections, a thread each, and says what came of it.
//
// Threads:   one.
// Errors:    std::runtime_error whose words begin with the endpoint.
#pragma once

#include <cstdint>
#include <string>

#include "endpoint.hpp"
#include "lane.hpp"

namespace kvbench {

struct LoadPlan {
  std::string workload = "mixed";
  uint32_t connections = 8;
  uint32_t depth = 1;
  double rate = 0;  // of all connections together, per second; 0: closed loop
  double seconds = 5;
  uint64_t keys = 100'000;
  std::size_t value_bytes = 100;
};

struct LoadOutcome : LaneOutcome {
  double seconds = 0;  // the planned ones, or until the last answer if that was later
  double driver_cpu_seconds = 0;

  uint64_t operations() const { return gets + puts; }
};

// Writes every key of the data set. A refusal is an error here.
void load_keys(const Endpoint& endpoint, const LoadPlan& plan);
LoadOutcome run_load(const Endpoint& endpoint, const LoadPlan& plan, uint64_t seed);

}  // namespace kvbench
