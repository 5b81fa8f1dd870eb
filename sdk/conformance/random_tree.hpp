// Legal trees of any shape, drawn from a seed: what flushes, other policies and deletions leave.
//
// Threads:   one per RandomTree.
#pragma once

#include <cstdint>
#include <random>

#include "kvhost/testing/test_tree.hpp"

namespace kvhost::conformance {

class RandomTree {
 public:
  explicit RandomTree(uint64_t seed) : random_(seed) {}

  // Up to `most_runs` runs of up to `most_files` files.
  testing::TestTree draw(std::size_t most_runs = 12, std::size_t most_files = 8);
  // A flush in front of `tree`, of random extent.
  void flush(testing::TestTree& tree);
  uint64_t below(uint64_t bound) { return bound == 0 ? 0 : random_() % bound; }

 private:
  std::string key();
  void fill(testing::TestTree& tree, testing::TestRun& run, std::size_t files);
  void color(testing::TestTree& tree, testing::TestFile& file);

  std::mt19937_64 random_;
};

}  // namespace kvhost::conformance
