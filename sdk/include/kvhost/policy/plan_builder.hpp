// Builds the plan of one round: jobs that can all run at the same time, no more of them than
// workers are idle. What the engine would refuse on sight (an input twice, two jobs on the same
// keys of the same runs) is not let in.
//
// Threads:   one; made anew for each call of plan().
// Lifetime:  borrows the TreeView.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/selection.hpp"

namespace kvhost::policy {

// The priority of what somebody asked for.
inline constexpr uint32_t kAskedFor = 500;

class PlanBuilder {
 public:
  explicit PlanBuilder(const TreeView& tree) : tree_(tree) {}

  const TreeView& tree() const { return tree_; }
  bool has_room() const { return jobs_.size() < tree_.idle_workers; }
  // An input of a running job, or of one of this plan.
  bool is_taken(const FileView& file) const { return file.busy || taken_.contains(file.id); }
  bool is_idle(std::size_t run) const {
    const auto files = tree_.runs[run].files;
    return std::none_of(files.begin(), files.end(),
                        [this](const FileView& file) { return is_taken(file); });
  }

  // Every file of runs [first, end).
  Selection whole_runs(std::size_t first, std::size_t end) const {
    Selection all;
    for (std::size_t i = first; i < end; ++i) {
      for (const FileView& file : tree_.runs[i].files) all.add(file, i);
    }
    return all;
  }

  // Adds every file of runs [first, end) that overlaps the selection, as it grows. False when one
  // of them is taken.
  bool gather(std::size_t first, std::size_t end, Selection& selection) const {
    for (bool grown = true; grown;) {
      grown = false;
      for (std::size_t i = first; i < end; ++i) {
        for (auto file = first_not_before(i, selection.smallest);
             file != tree_.runs[i].files.end() && file->smallest_key <= selection.largest; ++file) {
          if (selection.ids.contains(file->id)) continue;
          if (is_taken(*file)) return false;
          selection.add(*file, i);
          grown = true;
        }
      }
    }
    return true;
  }

  // Bytes of the files of `run` that overlap `file`.
  uint64_t overlap_bytes(const FileView& file, std::size_t run) const {
    uint64_t bytes = 0;
    for (auto other = first_not_before(run, file.smallest_key);
         other != tree_.runs[run].files.end() && other->smallest_key <= file.largest_key; ++other) {
      bytes += other->bytes;
    }
    return bytes;
  }

  // No older run holds a key in the file's range.
  bool is_bottommost(std::size_t run, const FileView& file) const {
    for (std::size_t i = run + 1; i < tree_.runs.size(); ++i) {
      const auto other = first_not_before(i, file.smallest_key);
      if (other != tree_.runs[i].files.end() && other->smallest_key <= file.largest_key)
        return false;
    }
    return true;
  }

  // Takes a job on whose type, target and wishes are filled in, with `inputs` as its inputs. False
  // when no worker is idle, when the disk has no room for what a merge may write, or when a job of
  // this plan is in the way.
  bool add(Job job, const Selection& inputs) {
    if (!has_room() || inputs.empty()) return false;
    // 0: not known. Who asked for a merge is told by the engine that it does not fit.
    const bool is_tight = tree_.free_bytes != 0 && tree_.free_bytes < inputs.bytes;
    const bool is_own_idea = job.type == JobType::kMerge && job.priority < kAskedFor;
    if (is_tight && is_own_idea) return false;
    const Extent extent = extent_of(job, inputs);
    for (const Extent& other : extents_) {
      if (extent.meets(other)) return false;
    }
    for (const FileView* file : inputs.files) {
      if (is_taken(*file)) return false;
    }
    extents_.push_back(extent);
    job.inputs.assign(inputs.ids.begin(), inputs.ids.end());
    taken_.insert(inputs.ids.begin(), inputs.ids.end());
    jobs_.push_back(std::move(job));
    return true;
  }

  Plan take() { return {std::move(jobs_)}; }

 private:
  using FileIterator = std::span<const FileView>::iterator;

  FileIterator first_not_before(std::size_t run, std::string_view key) const {
    const auto files = tree_.runs[run].files;
    return std::partition_point(files.begin(), files.end(),
                                [key](const FileView& one) { return one.largest_key < key; });
  }

  // As the engine's admission places a job.
  Extent extent_of(const Job& job, const Selection& inputs) const {
    std::size_t target = 2 * inputs.newest_run + 1;
    const auto& runs = tree_.runs;
    if (job.target_run != 0) {
      const auto at = std::find_if(runs.begin(), runs.end(),
                                   [&job](const RunView& run) { return run.id == job.target_run; });
      target = 2 * static_cast<std::size_t>(at - runs.begin()) + 1;
    } else if (job.type == JobType::kMerge || job.type == JobType::kMove) {
      const auto at = std::partition_point(runs.begin(), runs.end(), [&job](const RunView& run) {
        return run.level < job.target_level;
      });
      target = 2 * std::max(inputs.oldest_run, static_cast<std::size_t>(at - runs.begin()));
    }
    return {std::min(2 * inputs.newest_run + 1, target),
            std::max(2 * inputs.oldest_run + 1, target), inputs.smallest, inputs.largest};
  }

  const TreeView& tree_;
  std::set<uint64_t> taken_;
  std::vector<Extent> extents_;
  std::vector<Job> jobs_;
};

}  // namespace kvhost::policy
