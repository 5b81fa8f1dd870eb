// SplitMix64: a small seeded generator for tie-breaks, incarnations and tests. Not for secrets.
//
// Threads:   one.
#pragma once

#include <cstdint>

namespace kvhost::engine {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // In [0, bound); `bound` is not zero.
  uint64_t below(uint64_t bound) { return next() % bound; }
  // True once in `n` times.
  bool one_in(uint64_t n) { return below(n) == 0; }

 private:
  uint64_t state_;
};

// A seed that the operating system draws.
uint64_t random_seed();

}  // namespace kvhost::engine
