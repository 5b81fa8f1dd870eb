// What a job reads, as a policy puts it together: files, the runs they stand in, the stretch of
// keys that they span.
//
// Threads:   values.
// Lifetime:  borrow the TreeView.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "kvhost/compaction.hpp"

namespace kvhost::policy {

struct Selection {
  std::vector<const FileView*> files;
  std::set<uint64_t> ids;
  std::string_view smallest;
  std::string_view largest;
  // Positions in TreeView::runs.
  std::size_t newest_run = SIZE_MAX;
  std::size_t oldest_run = 0;
  uint64_t bytes = 0;

  bool empty() const { return files.empty(); }

  // Once, however often it is called for a file.
  void add(const FileView& file, std::size_t run) {
    if (!ids.insert(file.id).second) return;
    newest_run = std::min(newest_run, run);
    oldest_run = std::max(oldest_run, run);
    if (files.empty() || file.smallest_key < smallest) smallest = file.smallest_key;
    if (files.empty() || largest < file.largest_key) largest = file.largest_key;
    files.push_back(&file);
    bytes += file.bytes;
  }

  // No two of the files overlap, so that they may stand in one run as they are.
  bool is_disjoint() const {
    std::vector<const FileView*> sorted = files;
    std::sort(sorted.begin(), sorted.end(), [](const FileView* a, const FileView* b) {
      return a->smallest_key < b->smallest_key;
    });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i]->smallest_key <= sorted[i - 1]->largest_key) return false;
    }
    return true;
  }
};

// The runs and keys that a job works on: two jobs that share some of both may not run together.
// Runs count in half steps, so that the gap in front of run i (2i) differs from the run (2i + 1).
struct Extent {
  std::size_t first = 0;
  std::size_t last = 0;
  std::string_view smallest;
  std::string_view largest;

  bool meets(const Extent& other) const {
    return first <= other.last && other.first <= last &&
           !(largest < other.smallest || other.largest < smallest);
  }
};

// Whether `file` holds keys of [start, end); an empty `end` stands for no end.
inline bool reaches(const FileView& file, std::string_view start, std::string_view end) {
  return start <= file.largest_key && (end.empty() || file.smallest_key < end);
}

}  // namespace kvhost::policy
