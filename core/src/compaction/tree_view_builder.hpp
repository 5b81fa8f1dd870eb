// An owned copy of the tree in the shape that policies see, so that a policy that is late looks at
// memory that nobody else uses any more.
//
// Threads:   immutable after build(); any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "kvhost/compaction.hpp"
#include "kvhost/engine/tree_snapshot.hpp"
#include "version/version.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {

// What the view says beside the tree.
struct TreeFacts {
  uint64_t now_ms = 0;
  std::vector<uint64_t> snapshots;
  uint64_t last_sequence = 0;
  uint64_t memtable_bytes = 0;
  uint64_t write_bytes_per_s = 0;
  uint64_t free_bytes = 0;
  uint32_t max_workers = 1;
  uint32_t idle_workers = 1;
  std::string policy_name;
  std::string policy_state;
  // Inputs of running jobs.
  std::unordered_set<uint64_t> busy;
};

class OwnedTree {
 public:
  OwnedTree(const Version& version, TreeFacts facts);
  OwnedTree(const OwnedTree&) = delete;
  OwnedTree& operator=(const OwnedTree&) = delete;

  // Lives as long as this object.
  const TreeView& view() const { return view_; }
  const TreeFacts& facts() const { return facts_; }

 private:
  TreeFacts facts_;
  std::vector<std::string> keys_;
  std::vector<FileView> files_;
  std::vector<RunView> runs_;
  TreeView view_;
};

// The same as plain values, for pictures and tests.
TreeSnapshot tree_snapshot(const Version& version, const TreeFacts& facts);

}  // namespace kvhost::engine
