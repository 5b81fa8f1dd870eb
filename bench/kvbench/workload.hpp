// What one measured run does, and what came of it.
#pragma once

#include <cstdint>
#include <string>

#include "database.hpp"
#include "latency_recorder.hpp"

namespace kvbench {

struct RunPlan {
  std::string workload;  // a name of workload.cpp's table
  uint64_t keys = 2'000'000;
  uint64_t operations = 0;  // 0: the workload's own number
  std::size_t value_bytes = 100;
  uint32_t threads = 1;
  uint64_t seed = 1;
  // False only where kvbench itself is compared with a benchmark that reads no value.
  bool checks_values = true;
};

struct RunOutcome {
  uint64_t operations = 0;  // keys read or written: what ops/s counts
  double seconds = 0;
  LatencyRecorder latencies;
  uint64_t written = 0;    // of them, puts and deletes
  uint64_t scan_hash = 0;  // readseq: over all keys and values
};

// True for workloads that begin on an empty directory; the others read what `load` made.
bool starts_empty(const std::string& workload);
// True where the time until compactions are done belongs to the run.
bool counts_settling(const std::string& workload);
bool is_known(const std::string& workload);

// Fills the database with keys 0 … plan.keys - 1, and settles.
void load(Database& database, const RunPlan& plan);
// Reads everything once, so that caches are warm.
void warm_up(Database& database, const RunPlan& plan);
// What a workload needs done before its clock starts.
void prepare(Database& database, const RunPlan& plan);
RunOutcome run(Database& database, const RunPlan& plan);

}  // namespace kvbench
