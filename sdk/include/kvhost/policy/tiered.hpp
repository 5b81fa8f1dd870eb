// Tiered compaction ("universal") as a pure decision: runs are merged whole, several of like size
// at once, so that a record is written about once per tier. Writes are cheap; reads look into more
// runs, and space is taken by older versions until runs meet.
//
//   write amplification   about 1 + log_fanout(data ÷ memtable)
//   runs, for reads       at most max_runs
//   space amplification   at most 1 + max_space_percent ÷ 100, and twice the data during the merge
//                         of everything
//
// A round asks three things, in this order, and stops at the first that says yes:
//   1. Space:  do the newer runs together hold more than max_space_percent of the oldest one? Then
//              everything is merged into one run.
//   2. Size:   are there `fanout` neighbours of which each is at most size_ratio_percent larger
//   than
//              the largest newer one? Then they are merged.
//   3. Number: are there more than max_runs runs? Then the cheapest neighbours are merged.
//
// Any legal tree will do: a level that another policy left is one more run.
//
// Threads:   as CompactionPolicy; the object keeps no state between calls.
// Source:    universal compaction of RocksDB; the analysis of tiering in "Monkey" (Dayan,
//            Athanassoulis, Idreos, SIGMOD 2017).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/plan_builder.hpp"
#include "kvhost/policy/range_merge.hpp"
#include "kvhost/policy/run_sizes.hpp"
#include "kvhost/policy/upkeep.hpp"

namespace kvhost {

struct TieredOptions {
  uint32_t fanout = 4;
  uint32_t size_ratio_percent = 50;
  uint32_t max_space_percent = 200;
  uint32_t max_runs = 12;
  // Outputs are cut at about this size, bytes.
  uint64_t target_file_bytes = uint64_t{64} << 20;
  // A file is rewritten when this share of it is known to be garbage, percent.
  uint32_t garbage_percent = 50;
  // How long an expired value may stay on the disk until a file is rewritten for it.
  uint64_t expiry_lag_ms = 3'600'000;
};

class TieredPolicy : public CompactionPolicy {
 public:
  TieredPolicy() = default;
  explicit TieredPolicy(TieredOptions options) : options_(options) {}

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                    Deadline /*deadline*/) override {
    policy::PlanBuilder plan(tree);
    for (const TreeEvent& event : events) {
      if (event.type != TreeEventType::kManual) continue;
      policy::merge_range(plan, event.start, event.end, options_.target_file_bytes);
    }
    policy::drop_expired(plan);
    reshape(plan);
    policy::rewrite_overdue(plan, options_.expiry_lag_ms);
    policy::rewrite_garbage(plan, options_.garbage_percent);
    return plan.take();
  }

  Pressure pressure(const TreeView& tree) override {
    Pressure result;
    const std::size_t runs = tree.runs.size();
    if (is_space_exceeded(tree)) result.pending_bytes = tree.total_bytes;
    if (runs > options_.max_runs) {
      const std::size_t surplus = runs - options_.max_runs + 1;
      for (std::size_t i = 0; i < surplus; ++i) result.pending_bytes += tree.runs[i].bytes;
      result.urgency = std::min<uint64_t>(1000, 1000 * (surplus - 1) / options_.max_runs);
    }
    return result;
  }

 private:
  bool is_space_exceeded(const TreeView& tree) const {
    if (tree.runs.size() < options_.fanout) return false;
    const uint64_t oldest = tree.runs.back().bytes;
    return tree.total_bytes - oldest > oldest / 100 * options_.max_space_percent;
  }

  void reshape(policy::PlanBuilder& plan) const {
    const TreeView& tree = plan.tree();
    const policy::Stretch all{0, tree.runs.size()};
    if (is_space_exceeded(tree) &&
        merge(plan, all, 200, "older versions may take too much space")) {
      return;
    }
    const auto alike = policy::like_sized(plan, all, options_.fanout, options_.size_ratio_percent);
    if (alike.runs() > 1 &&
        merge(plan, alike, 150, std::to_string(alike.runs()) + " runs of like size")) {
      return;
    }
    if (all.runs() <= options_.max_runs) return;
    const std::size_t surplus = all.runs() - options_.max_runs + 1;
    for (std::size_t width = std::min(surplus, all.runs()); width > 1; --width) {
      const auto few = policy::cheapest(plan, all, width);
      if (few.runs() > 1 && merge(plan, few, 100, std::to_string(all.runs()) + " runs")) return;
    }
  }

  // The stretch becomes one run, or a run of the same files where none of them overlap.
  bool merge(policy::PlanBuilder& plan, policy::Stretch stretch, uint32_t priority,
             std::string reason) const {
    const policy::Selection all = plan.whole_runs(stretch.first, stretch.end);
    Job job;
    const bool moves = stretch.runs() == 1 || all.is_disjoint();
    job.type = moves ? JobType::kMove : JobType::kMerge;
    job.target_level = label(plan.tree(), stretch, all.bytes);
    job.split_file_bytes = options_.target_file_bytes;
    job.priority = priority;
    job.reason = std::move(reason);
    return plan.add(std::move(job), all);
  }

  // The tier of that size, as far as the neighbours' labels allow. Never above the newest input's:
  // whatever else is put in front meanwhile, the new run still fits in.
  uint32_t label(const TreeView& tree, policy::Stretch stretch, uint64_t bytes) const {
    constexpr uint32_t kHighest = 63;
    const uint32_t newest = tree.runs[stretch.first].level;
    const uint32_t older =
        stretch.end == tree.runs.size() ? kHighest : tree.runs[stretch.end].level;
    const uint32_t tier = 1 + policy::tier_of(bytes, tree.memtable_bytes, options_.fanout);
    return std::clamp(tier, newest, older);
  }

  TieredOptions options_;
};

}  // namespace kvhost
