// A tree to ask policies about, made by hand or at random, without any table behind it.
//
// Threads:   one.
// Lifetime:  view() borrows from this object.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "kvhost/compaction.hpp"

namespace kvhost::engine::test {

class PolicyTree {
 public:
  struct Run {
    uint64_t id = 0;
    uint32_t level = 0;
    std::vector<FileView> files;
  };

  void add_run(uint64_t id, uint32_t level) { runs_.push_back({id, level, {}}); }
  // The file's keys are copied.
  FileView& add_file(uint64_t id, const std::string& smallest, const std::string& largest,
                     uint64_t bytes) {
    FileView file;
    file.id = id;
    file.smallest_key = keys_.emplace_back(smallest);
    file.largest_key = keys_.emplace_back(largest);
    file.bytes = bytes;
    file.entries = bytes;
    runs_.back().files.push_back(file);
    return runs_.back().files.back();
  }

  const TreeView& view() {
    run_views_.clear();
    tree.total_bytes = 0;
    for (const Run& run : runs_) {
      RunView view{run.id, run.level, 0, run.files};
      for (const FileView& file : run.files) view.bytes += file.bytes;
      tree.total_bytes += view.bytes;
      run_views_.push_back(view);
    }
    tree.runs = run_views_;
    tree.snapshots = snapshots;
    return tree;
  }

  // Facts that tests set directly; runs and sums are filled in by view().
  TreeView tree;
  std::vector<uint64_t> snapshots;

 private:
  std::vector<Run> runs_;
  std::vector<RunView> run_views_;
  std::deque<std::string> keys_;
};

}  // namespace kvhost::engine::test
