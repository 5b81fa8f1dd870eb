// Lazy leveling as a pure decision: the last level, where nearly all data lies, is one sorted run
// as in leveled compaction; everything newer is tiered. Point reads and space are about those of
// `leveled`, merges cost about as little as those of `tiered`.
//
//   write amplification   about 2 + log_fanout(newer ÷ memtable) + 100 ÷ space_percent, where newer
//                         is at most space_percent of the last level
//   runs, for reads       at most fanout − 1 for each tier, one on its way down, and the last level
//   space amplification   about 1 + space_percent ÷ 100
//
// Labels: flushes come to level 0; merged runs climb through the tiers 1, 2, …; a run that is due
// goes to the level in front of the last one (kDrain) and from there down into it file by file, so
// that no job has to rewrite the whole last level.
//
// A round asks, from the bottom up:
//   1. Does the oldest run carry the last level's label? Else it gets it.
//   2. Is a run on its way down? Then its files go into the last level, the cheapest first.
//   3. Do the newer runs together hold more than space_percent of the last level? Then they become
//      one run on its way down.
//   4. Does a tier have `fanout` runs? Then they become one run of the next tier.
//
// Any legal tree will do: the levels of another policy are runs of tiers, or on their way down.
//
// Threads:   as CompactionPolicy; the object keeps no state between calls.
// Source:    "Dostoevsky" (Dayan, Idreos, SIGMOD 2018): Lazy Leveling.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/plan_builder.hpp"
#include "kvhost/policy/range_merge.hpp"
#include "kvhost/policy/run_sizes.hpp"
#include "kvhost/policy/upkeep.hpp"

namespace kvhost {

struct LazyLeveledOptions {
  uint32_t fanout = 4;
  uint32_t space_percent = 25;
  // Outputs are cut at about this size, bytes.
  uint64_t target_file_bytes = uint64_t{64} << 20;
  // A file is rewritten when this share of it is known to be garbage, percent.
  uint32_t garbage_percent = 50;
  // How long an expired value may stay on the disk until a file is rewritten for it.
  uint64_t expiry_lag_ms = 3'600'000;
};

// One call of plan() or pressure().
class LazyLeveledRound {
 public:
  // The last level's label (a tree of another policy may have a higher one), and the one in front.
  static constexpr uint32_t kLast = 6;
  static constexpr uint32_t kDrain = kLast - 1;

  LazyLeveledRound(const LazyLeveledOptions& options, const TreeView& tree)
      : options_(options), tree_(tree), plan_(tree) {
    const std::size_t runs = tree.runs.size();
    has_last_ = runs > 0 && tree.runs[runs - 1].level >= kLast;
    tiers_end_ = has_last_ ? runs - 1 : runs;
    while (has_last_ && tiers_end_ > 0 && tree.runs[tiers_end_ - 1].level >= kDrain) --tiers_end_;
    for (std::size_t i = 0; i < tiers_end_; ++i) tier_bytes_ += tree.runs[i].bytes;
    for (std::size_t i = tiers_end_; i + 1 < runs; ++i) draining_bytes_ += tree.runs[i].bytes;
  }

  Plan plan(std::span<const TreeEvent> events) {
    for (const TreeEvent& event : events) {
      if (event.type != TreeEventType::kManual) continue;
      policy::merge_range(plan_, event.start, event.end, options_.target_file_bytes);
    }
    policy::drop_expired(plan_);
    if (!has_last_) {
      found_last_level();
    } else {
      drain();
      if (is_space_exceeded()) send_down(0, "the newer runs take more space than allowed");
    }
    merge_full_tiers();
    policy::rewrite_overdue(plan_, options_.expiry_lag_ms);
    policy::rewrite_garbage(plan_, options_.garbage_percent);
    return plan_.take();
  }

  Pressure pressure() const {
    Pressure result;
    result.pending_bytes = draining_bytes_;
    const std::size_t flushes = runs_of(0);
    if (flushes > options_.fanout) {
      result.pending_bytes += tier_bytes_;
      result.urgency = std::min<uint64_t>(1000, 100 * (flushes - options_.fanout));
    }
    if (is_space_exceeded()) result.pending_bytes += tier_bytes_ + tree_.runs.back().bytes;
    return result;
  }

 private:
  bool is_space_exceeded() const {
    if (!has_last_ || tiers_end_ == 0) return false;
    // While the last level is small, one flush is too much already: some are awaited.
    const bool are_flushes = tree_.runs[tiers_end_ - 1].level == 0;
    if (are_flushes && tiers_end_ + 1 < options_.fanout) return false;
    return tier_bytes_ > tree_.runs.back().bytes / 100 * options_.space_percent;
  }
  std::size_t runs_of(uint32_t level) const {
    return static_cast<std::size_t>(
        std::count_if(tree_.runs.begin(), tree_.runs.end(),
                      [level](const RunView& run) { return run.level == level; }));
  }

  bool merge_runs(policy::Stretch stretch, uint32_t level, uint32_t priority, std::string reason) {
    if (stretch.runs() == 0) return false;
    const policy::Selection all = plan_.whole_runs(stretch.first, stretch.end);
    Job job;
    const bool moves = stretch.runs() == 1 || all.is_disjoint();
    job.type = moves ? JobType::kMove : JobType::kMerge;
    job.target_level = level;
    job.split_file_bytes = options_.target_file_bytes;
    // So that a file overlaps few files of the last level when it is its turn to go there.
    if (level == kDrain) job.split_overlap_bytes = options_.target_file_bytes * 10;
    job.priority = priority;
    job.reason = std::move(reason);
    return plan_.add(std::move(job), all);
  }

  // The oldest run of a tree without a last level becomes it, as soon as it is more than a flush.
  void found_last_level() {
    if (tree_.runs.empty() || tree_.runs.back().level == 0) return;
    const std::size_t last = tree_.runs.size() - 1;
    merge_runs({last, last + 1}, kLast, 250, "the oldest run is the last level");
  }

  // The oldest run on its way down: each file goes into the last level together with what it
  // overlaps there, those first that take the least with them.
  void drain() {
    const std::size_t last = tree_.runs.size() - 1;
    if (tiers_end_ == last) return;
    const std::size_t from = last - 1;
    std::vector<std::pair<double, const FileView*>> order;
    for (const FileView& file : tree_.runs[from].files) {
      const double bytes = static_cast<double>(file.bytes) + 1;
      order.emplace_back(static_cast<double>(plan_.overlap_bytes(file, last)) / bytes, &file);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [cost, file] : order) {
      if (!plan_.has_room()) return;
      if (plan_.is_taken(*file)) continue;
      policy::Selection selection;
      selection.add(*file, from);
      if (!plan_.gather(from, last + 1, selection)) continue;
      Job job;
      job.type = selection.files.size() == 1 ? JobType::kMove : JobType::kMerge;
      job.target_level = tree_.runs[last].level;
      job.target_run = tree_.runs[last].id;
      job.split_file_bytes = options_.target_file_bytes;
      job.priority = 150;
      job.reason = "on its way into the last level";
      plan_.add(std::move(job), selection);
    }
  }

  // Runs [first, tiers_end) become one run in front of the last level, once nothing else is there.
  void send_down(std::size_t first, const char* reason) {
    if (tiers_end_ + 1 < tree_.runs.size()) return;
    merge_runs({first, tiers_end_}, kDrain, 170, reason);
  }

  void merge_full_tiers() {
    for (std::size_t first = 0; first < tiers_end_;) {
      const uint32_t level = tree_.runs[first].level;
      std::size_t end = first;
      while (end < tiers_end_ && tree_.runs[end].level == level) ++end;
      if (end - first >= options_.fanout) merge_tier({first, end}, level);
      first = end;
    }
  }

  void merge_tier(policy::Stretch tier, uint32_t level) {
    const bool is_oldest = tier.end == tree_.runs.size();
    const std::string reason =
        "tier " + std::to_string(level) + " has " + std::to_string(tier.runs()) + " runs";
    const uint32_t next = is_oldest ? kLast : std::min(level + 1, tree_.runs[tier.end].level);
    if (merge_runs(tier, std::max(next, level), level == 0 ? 200 : 140, reason)) return;
    // The older ones are being merged: fewer, larger runs keep reads fast meanwhile.
    const std::size_t width = options_.fanout;
    const auto newest = policy::like_sized(plan_, tier, width, 100);
    if (newest.runs() >= width && tier.runs() >= 2 * width) {
      merge_runs(newest, level, 130, reason + ", the older ones are busy");
    }
  }

  const LazyLeveledOptions& options_;
  const TreeView& tree_;
  policy::PlanBuilder plan_;
  bool has_last_ = false;
  // Runs [0, tiers_end_) are tiers; those up to the last level are on their way down.
  std::size_t tiers_end_ = 0;
  uint64_t tier_bytes_ = 0;
  uint64_t draining_bytes_ = 0;
};

class LazyLeveledPolicy : public CompactionPolicy {
 public:
  LazyLeveledPolicy() = default;
  explicit LazyLeveledPolicy(LazyLeveledOptions options) : options_(options) {}

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                    Deadline /*deadline*/) override {
    return LazyLeveledRound(options_, tree).plan(events);
  }
  Pressure pressure(const TreeView& tree) override {
    return LazyLeveledRound(options_, tree).pressure();
  }

 private:
  LazyLeveledOptions options_;
};

}  // namespace kvhost
