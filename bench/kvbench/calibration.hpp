// What the machine can do at this moment: the limits that results are held against.
#pragma once

#include <string>

#include "profile.hpp"

namespace kvbench {

struct Machine {
  std::string processor;
  double dram_miss_ns = 0;        // a dependent load far outside the caches
  double memory_bytes_per_s = 0;  // reading in order
  double small_write_ns = 0;      // write(2) of 130 bytes to a pre-written file
  double sync_us = 0;             // the same, then fdatasync
  double device_bytes_per_s = 0;  // writing in order, synced at the end
};

Machine calibrate(const std::string& directory);

// The operations per second that the machine allows for a row, by the formula of
// docs/BENCHMARKS.md; 0 where there is none.
double limit_ops_per_s(const Machine& machine, const Row& row);

}  // namespace kvbench
