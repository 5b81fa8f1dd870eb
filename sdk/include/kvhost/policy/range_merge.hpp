// A merge that somebody asked for (`kvctl compact`): afterwards one run holds the range, and
// nothing in it is garbage. For policies that merge whole runs; `leveled` goes level by level
// instead.
//
// Threads:   pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/plan_builder.hpp"
#include "kvhost/policy/upkeep.hpp"

namespace kvhost::policy {

inline bool holds(const RunView& run, std::string_view start, std::string_view end) {
  return std::any_of(run.files.begin(), run.files.end(),
                     [start, end](const FileView& file) { return reaches(file, start, end); });
}

// The one run that holds the range: files whose records could be fewer are rewritten.
inline void clean_range(PlanBuilder& plan, std::size_t run, std::string_view start,
                        std::string_view end) {
  const TreeView& tree = plan.tree();
  for (const FileView& file : tree.runs[run].files) {
    if (!plan.has_room()) return;
    const bool expired = file.ttl_entries > 0 && file.min_expires_at_ms <= tree.now_ms;
    const bool hidden =
        (file.tombstones > 0 || file.range_deletes > 0 || file.estimated_garbage_bytes > 0) &&
        is_free_of_snapshots(tree, file);
    if (!reaches(file, start, end) || !(expired || hidden)) continue;
    if (plan.is_taken(file) || !plan.is_bottommost(run, file)) continue;
    rewrite_in_place(plan, run, file, kAskedFor, "asked for");
  }
}

// [start, end), an empty `end` standing for no end.
inline void merge_range(PlanBuilder& plan, std::string_view start, std::string_view end,
                        uint64_t split_file_bytes) {
  const TreeView& tree = plan.tree();
  Selection selection;
  std::size_t holders = 0;
  for (std::size_t run = 0; run < tree.runs.size(); ++run) {
    if (!holds(tree.runs[run], start, end)) continue;
    ++holders;
    for (const FileView& file : tree.runs[run].files) {
      if (!reaches(file, start, end)) continue;
      // Asked again when the job that has it is done.
      if (plan.is_taken(file)) return;
      selection.add(file, run);
    }
  }
  if (holders == 0) return;
  if (holders == 1) return clean_range(plan, selection.oldest_run, start, end);
  if (!plan.gather(selection.newest_run, selection.oldest_run + 1, selection)) return;
  const RunView& oldest = tree.runs[selection.oldest_run];
  Job job;
  job.target_level = oldest.level;
  job.target_run = oldest.id;
  job.split_file_bytes = split_file_bytes;
  job.priority = kAskedFor;
  job.reason = "asked for";
  plan.add(std::move(job), selection);
}

}  // namespace kvhost::policy
