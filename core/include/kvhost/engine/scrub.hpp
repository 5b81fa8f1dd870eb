// A check of every table while the engine serves: what Engine::scrub() is asked and answers.
//
// Threads:   values.
#pragma once

#include <cstdint>
#include <vector>

#include "kvhost/engine/verify.hpp"

namespace kvhost::engine {

struct ScrubOptions {
  // Reads no more than this; 0 = as fast as the disk gives.
  uint64_t bytes_per_second = uint64_t{32} << 20;
};

struct ScrubReport {
  uint64_t tables = 0;
  uint64_t bytes = 0;
  std::vector<Damage> damage;
};

}  // namespace kvhost::engine
