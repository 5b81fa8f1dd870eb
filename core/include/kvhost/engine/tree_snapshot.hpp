// An owned copy of the tree: what TreeView borrows, and the picture of `kvctl lsm`.
//
// Threads:   a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvhost/compaction.hpp"

namespace kvhost::engine {

struct TreeFile {
  // Keys point into the strings below.
  FileView view;
  std::string smallest_key;
  std::string largest_key;
};

struct TreeRun {
  uint64_t id = 0;
  uint32_t level = 0;
  uint64_t bytes = 0;
  std::vector<TreeFile> files;
};

struct TreeSnapshot {
  std::vector<TreeRun> runs;  // newest first
  std::vector<uint64_t> snapshots;
  std::string policy_name;
  std::string policy_state;
  uint64_t now_ms = 0;
  uint64_t last_sequence = 0;
};

}  // namespace kvhost::engine
