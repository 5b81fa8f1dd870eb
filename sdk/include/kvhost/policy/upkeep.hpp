// What every policy owes its data, whatever shape it gives the tree: expired records leave the disk
// within a stated time, and files that are mostly garbage are rewritten. A policy calls these first
// in plan().
//
// Expiry needs no scan: each file says how many of its records expire, the first and the last of
// them. The engine asks its policy at least every ten seconds, so an expired record is gone from
// the disk at the latest `lag_ms`, ten seconds and the length of the jobs at hand after it expired.
//
// Threads:   pure functions.
// Source:    whole-table expiry: Cassandra's TimeWindowCompactionStrategy ("drop fully expired
//            sstables"); rewriting by a file's earliest expiry: the `ttl` option of RocksDB.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/plan_builder.hpp"

namespace kvhost::policy {

// Every record of the file has expired, so that nothing of it will ever be read again.
inline bool is_fully_expired(const FileView& file, uint64_t now_ms) {
  return file.entries > 0 && file.ttl_entries == file.entries && file.tombstones == 0 &&
         file.range_deletes == 0 && file.max_expires_at_ms <= now_ms;
}

// Some record expired at least `lag_ms` ago, or all that ever will have.
inline bool is_overdue(const FileView& file, uint64_t now_ms, uint64_t lag_ms) {
  if (file.ttl_entries == 0 || file.min_expires_at_ms > now_ms) return false;
  return file.max_expires_at_ms <= now_ms || now_ms - file.min_expires_at_ms >= lag_ms;
}

// No reader holds a snapshot that still needs what the file's records hide.
inline bool is_free_of_snapshots(const TreeView& tree, const FileView& file) {
  return tree.snapshots.empty() || tree.snapshots.front() >= file.max_sequence;
}

// A rewrite would make the file much smaller. Young files are left alone: an estimate that proves
// wrong must not rewrite in a circle.
inline bool is_mostly_garbage(const TreeView& tree, const FileView& file, uint32_t percent) {
  constexpr uint64_t kSettledMs = 60'000;
  if (file.bytes == 0 || !is_free_of_snapshots(tree, file)) return false;
  if (tree.now_ms < file.created_at_ms + kSettledMs) return false;
  const bool only_range_deletes = file.entries == 0 && file.range_deletes > 0;
  return only_range_deletes || file.estimated_garbage_bytes >= file.bytes / 100 * percent;
}

// Files that are all expired and hide nothing older go without being read. Those that hide only
// each other go in turn, the oldest first.
inline void drop_expired(PlanBuilder& plan) {
  const TreeView& tree = plan.tree();
  for (std::size_t run = tree.runs.size(); run-- > 0 && plan.has_room();) {
    Selection gone;
    for (const FileView& file : tree.runs[run].files) {
      if (!is_fully_expired(file, tree.now_ms) || plan.is_taken(file)) continue;
      if (plan.is_bottommost(run, file)) gone.add(file, run);
    }
    Job job;
    job.type = JobType::kDropExpired;
    job.target_level = tree.runs[run].level;
    job.priority = 300;
    job.reason = "every record has expired";
    plan.add(std::move(job), gone);
  }
}

// drop_expired() will take the file once it has taken what the file hides.
inline bool waits_for_its_turn(const TreeView& tree, std::size_t run, const FileView& file) {
  if (!is_fully_expired(file, tree.now_ms)) return false;
  for (std::size_t i = run + 1; i < tree.runs.size(); ++i) {
    for (const FileView& older : tree.runs[i].files) {
      if (!older.overlaps(file.smallest_key, file.largest_key)) continue;
      if (!is_fully_expired(older, tree.now_ms)) return false;
    }
  }
  return true;
}

// A file is written again where it stands, without what the engine finds to be garbage.
inline bool rewrite_in_place(PlanBuilder& plan, std::size_t run, const FileView& file,
                             uint32_t priority, std::string reason) {
  Selection one;
  one.add(file, run);
  Job job;
  job.target_level = plan.tree().runs[run].level;
  job.target_run = plan.tree().runs[run].id;
  job.priority = priority;
  job.reason = std::move(reason);
  return plan.add(std::move(job), one);
}

// Expired values that no merge came by to drop. Where older data may lie below, a tombstone stays.
inline void rewrite_overdue(PlanBuilder& plan, uint64_t lag_ms) {
  const TreeView& tree = plan.tree();
  for (std::size_t run = 0; run < tree.runs.size(); ++run) {
    for (const FileView& file : tree.runs[run].files) {
      if (!plan.has_room()) return;
      if (!is_overdue(file, tree.now_ms, lag_ms) || plan.is_taken(file)) continue;
      if (waits_for_its_turn(tree, run, file)) continue;
      rewrite_in_place(plan, run, file, 40, "records expired");
    }
  }
}

// Garbage of files that have nothing below them; elsewhere it leaves with the next merge.
inline void rewrite_garbage(PlanBuilder& plan, uint32_t percent) {
  const TreeView& tree = plan.tree();
  for (std::size_t run = 0; run < tree.runs.size(); ++run) {
    for (const FileView& file : tree.runs[run].files) {
      if (!plan.has_room()) return;
      if (plan.is_taken(file) || !is_mostly_garbage(tree, file, percent)) continue;
      if (plan.is_bottommost(run, file)) rewrite_in_place(plan, run, file, 50, "mostly garbage");
    }
  }
}

}  // namespace kvhost::policy
