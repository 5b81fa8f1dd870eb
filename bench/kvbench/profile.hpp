// The rows of a benchmark: which workload, on how much data, with how many threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kvbench {

struct Row {
  std::string name;      // "readrandom", "fillrandom-1k", "fillsync-8"
  std::string workload;  // a worker's workload
  uint64_t keys = 2'000'000;
  uint64_t value_bytes = 100;
  uint32_t threads = 1;
  bool sync = false;
  uint64_t cache_mb = 512;
  uint64_t operations = 0;  // 0 = the workload's own
  // Of the run, page cache included; 0 = none. A limited run begins with cold caches.
  uint64_t memory_limit_mb = 0;
};

// The rows of ≤ 15 minutes on two cores against one peer.
std::vector<Row> quick_profile();
// The quick ones on 10 M keys, more values and threads.
std::vector<Row> full_profile();

}  // namespace kvbench
