// Leveled compaction as a pure decision: level 0 takes the flushes, every level below is one sorted
// run, each `fanout` times larger than the one above. The engine's fallback and the plugin
// `leveled` are both this header.
//
// It accepts any legal tree, also one that another policy has left: several runs in a level are
// folded into one first, levels with any label are drained downwards.
//
// Threads:   as CompactionPolicy; the object keeps no state between calls.
// Source:    levels whose targets follow the size of the last one: "dynamic leveled compaction" of
//            RocksDB (Dong et al., CIDR 2017); the file with the least overlap first: LevelDB and
//            HyperLevelDB; merging within level 0 when the level below is busy: RocksDB.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/plan_builder.hpp"
#include "kvhost/policy/range_merge.hpp"
#include "kvhost/policy/selection.hpp"
#include "kvhost/policy/upkeep.hpp"

namespace kvhost {

struct LeveledOptions {
  // Runs of level 0 that start a merge into the level below.
  uint32_t level0_trigger = 4;
  // The largest size of the first level below level 0, bytes.
  uint64_t level_base_bytes = uint64_t{256} << 20;
  // How many times larger each level is than the one above.
  uint32_t fanout = 10;
  // Outputs are cut at about this size, bytes.
  uint64_t target_file_bytes = uint64_t{64} << 20;
  // An output is cut where it would overlap more than this in the level below, bytes; 0 = ten
  // files.
  uint64_t max_overlap_bytes = 0;
  // The label of the last level of a tree that has none deeper.
  uint32_t bottom_level = 6;
  // A file is rewritten when this share of it is known to be garbage, percent.
  uint32_t garbage_percent = 50;
  // How long an expired value may stay on the disk until a file is rewritten for it.
  uint64_t expiry_lag_ms = 3'600'000;
};

namespace leveled_detail {

// The runs of one label.
struct Level {
  uint32_t label = 0;
  std::size_t first_run = 0;
  std::size_t end_run = 0;
  uint64_t bytes = 0;
  uint64_t target_bytes = UINT64_MAX;

  std::size_t runs() const { return end_run - first_run; }
};

}  // namespace leveled_detail

// One call of plan() or pressure().
class LeveledRound {
 public:
  LeveledRound(const LeveledOptions& options, const TreeView& tree)
      : options_(options), tree_(tree), plan_(tree) {
    find_levels();
    set_targets();
  }

  Plan plan(std::span<const TreeEvent> events) {
    for (const TreeEvent& event : events) {
      if (event.type == TreeEventType::kManual) plan_manual(event.start, event.end);
    }
    policy::drop_expired(plan_);
    plan_by_score();
    policy::rewrite_overdue(plan_, options_.expiry_lag_ms);
    rewrite_garbage();
    return plan_.take();
  }

  Pressure pressure() const {
    Pressure result;
    double worst = level0_score();
    if (worst >= 1) {
      const Level* below = find_level(level0_target());
      result.pending_bytes = level0_bytes() + (below == nullptr ? 0 : below->bytes);
    }
    for (const Level& level : levels_) {
      if (level.label == 0) continue;
      worst = std::max(worst, score(level));
      // A byte that is pushed down is written together with what it overlaps there.
      if (level.bytes > level.target_bytes) {
        result.pending_bytes += (level.bytes - level.target_bytes) * (options_.fanout / 2 + 1);
      }
      if (level.runs() > 1) result.pending_bytes += level.bytes;
    }
    result.urgency = static_cast<uint64_t>(std::clamp((worst - 1) * 250.0, 0.0, 1000.0));
    return result;
  }

 private:
  using Level = leveled_detail::Level;
  using Selection = policy::Selection;

  // ---- The shape of the tree.

  void find_levels() {
    for (std::size_t i = 0; i < tree_.runs.size(); ++i) {
      const RunView& run = tree_.runs[i];
      if (levels_.empty() || levels_.back().label != run.level) {
        levels_.push_back({run.level, i, i, 0, UINT64_MAX});
      }
      levels_.back().end_run = i + 1;
      levels_.back().bytes += run.bytes;
    }
  }

  // From the last level up: each target is a fanout-th of the one below, down to the first that
  // fits level_base_bytes, the base level. What stands above that is on its way out.
  void set_targets() {
    bottom_ = std::max(options_.bottom_level, levels_.empty() ? 0u : levels_.back().label);
    base_ = bottom_;
    const Level* last = find_level(bottom_);
    uint64_t target = last == nullptr ? 0 : last->bytes;
    for (const Level& level : levels_) {
      if (level.label != 0) target = std::max(target, level.bytes);
    }
    const uint32_t fanout = std::max(options_.fanout, 2u);
    while (base_ > 1 && target > options_.level_base_bytes) {
      --base_;
      target = std::max<uint64_t>(target / fanout, 1);
      if (Level* level = find_level(base_)) level->target_bytes = target;
    }
    for (Level& level : levels_) {
      if (level.label != 0 && level.label < base_) level.target_bytes = 0;
    }
  }

  Level* find_level(uint32_t label) {
    const auto at = std::find_if(levels_.begin(), levels_.end(),
                                 [label](const Level& level) { return level.label == label; });
    return at == levels_.end() ? nullptr : &*at;
  }
  const Level* find_level(uint32_t label) const {
    return const_cast<LeveledRound*>(this)->find_level(label);
  }
  // The label that data of `level` moves to: the next level that holds something, but no deeper
  // than the base level, or one below.
  uint32_t label_below(const Level& level) const {
    const std::size_t next = static_cast<std::size_t>(&level - levels_.data()) + 1;
    uint32_t label = level.label < base_ ? base_ : level.label + 1;
    if (next < levels_.size()) label = std::min(label, levels_[next].label);
    return label;
  }
  std::size_t level0_end() const {
    return levels_.empty() || levels_[0].label != 0 ? 0 : levels_[0].end_run;
  }
  uint64_t level0_bytes() const { return level0_end() == 0 ? 0 : levels_[0].bytes; }
  uint32_t level0_target() const { return level0_end() == 0 ? base_ : label_below(levels_[0]); }

  double level0_score() const {
    const double by_runs =
        static_cast<double>(level0_end()) / std::max(options_.level0_trigger, 1u);
    const double by_bytes =
        static_cast<double>(level0_bytes()) / static_cast<double>(options_.level_base_bytes + 1);
    return std::max(by_runs, by_bytes);
  }
  double score(const Level& level) const {
    if (level.target_bytes == UINT64_MAX || level.bytes == 0) return 0;
    if (level.target_bytes == 0) return 2;
    return static_cast<double>(level.bytes) / static_cast<double>(level.target_bytes);
  }

  // ---- Choosing files.

  uint64_t overlap_limit() const {
    return options_.max_overlap_bytes != 0 ? options_.max_overlap_bytes
                                           : options_.target_file_bytes * 10;
  }

  // False when a job of this plan is in the way.
  bool emit(JobType type, const Selection& selection, uint32_t label, uint64_t run, double priority,
            std::string reason) {
    Job job;
    job.type = type;
    job.target_level = label;
    job.target_run = run;
    if (type == JobType::kMerge) {
      job.split_file_bytes = options_.target_file_bytes;
      job.split_overlap_bytes = label == 0 ? 0 : overlap_limit();
    }
    job.priority = static_cast<uint32_t>(std::clamp(priority * 100.0, 0.0, 1e6));
    job.reason = std::move(reason);
    return plan_.add(std::move(job), selection);
  }

  // Brings a selection from runs above into the level `label`, together with what it overlaps from
  // run `first_below` on. Nothing but a new label when nothing overlaps.
  bool push_down(Selection selection, std::size_t first_below, uint32_t label, double priority,
                 const std::string& reason, bool may_move = true) {
    const Level* target = find_level(label);
    const std::size_t upper_files = selection.files.size();
    if (target != nullptr && !plan_.gather(first_below, target->end_run, selection)) return false;
    const uint64_t run = target == nullptr ? 0 : tree_.runs[target->end_run - 1].id;
    const bool moves = may_move && selection.files.size() == upper_files && selection.is_disjoint();
    return emit(moves ? JobType::kMove : JobType::kMerge, selection, label, run, priority, reason);
  }

  // ---- What there is to do.

  void plan_by_score() {
    std::vector<std::pair<double, const Level*>> order;
    for (const Level& level : levels_) {
      double value = level.label == 0 ? level0_score() : score(level);
      if (level.label != 0 && level.runs() > 1) value = 1.0 + static_cast<double>(level.runs());
      if (value >= 1) order.emplace_back(value, &level);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [value, level] : order) {
      if (!plan_.has_room()) return;
      if (level->label == 0) {
        plan_level0(value);
      } else if (level->runs() > 1) {
        fold_runs(*level, value);
      } else {
        plan_level(*level, value);
      }
    }
  }

  void plan_level0(double value) {
    Selection all;
    bool idle = true;
    for (std::size_t i = 0; i < level0_end(); ++i) {
      for (const FileView& file : tree_.runs[i].files) {
        idle = idle && !plan_.is_taken(file);
        all.add(file, i);
      }
    }
    if (idle && push_down(all, level0_end(), level0_target(), value,
                          "level 0 has " + std::to_string(level0_end()) + " runs")) {
      return;
    }
    merge_within_level0(value);
  }

  // The level below is busy: fewer, larger runs keep reads fast meanwhile. A run much larger than
  // those above it is left alone, or it would be written again each time.
  void merge_within_level0(double value) {
    if (level0_end() < 2 * std::size_t{options_.level0_trigger}) return;
    Selection newest;
    std::size_t runs = 0;
    for (; runs < level0_end(); ++runs) {
      const RunView& run = tree_.runs[runs];
      const bool idle = plan_.is_idle(runs);
      const uint64_t limit = 4 * std::max(newest.bytes, tree_.memtable_bytes);
      if (!idle || (runs > 0 && run.bytes > limit)) break;
      for (const FileView& file : run.files) newest.add(file, runs);
    }
    if (runs < std::max(options_.level0_trigger, 2u)) return;
    emit(JobType::kMerge, newest, 0, 0, value, "level 0 piles up while the level below is busy");
  }

  // Several runs under one label, as tiered policies make them: each group of files that overlap
  // becomes part of the oldest run.
  void fold_runs(const Level& level, double value) {
    const uint64_t oldest = tree_.runs[level.end_run - 1].id;
    for (std::size_t i = level.first_run; i + 1 < level.end_run; ++i) {
      for (const FileView& file : tree_.runs[i].files) {
        if (!plan_.has_room()) return;
        if (plan_.is_taken(file)) continue;
        Selection group;
        group.add(file, i);
        if (!plan_.gather(level.first_run, level.end_run, group)) continue;
        const bool alone = group.files.size() == 1;
        emit(alone ? JobType::kMove : JobType::kMerge, group, level.label, oldest, value,
             "level " + std::to_string(level.label) + " has " + std::to_string(level.runs()) +
                 " runs");
      }
    }
  }

  // The level is too large: its files go down, the cheapest first, until it would fit.
  void plan_level(const Level& level, double value) {
    const RunView& run = tree_.runs[level.first_run];
    const uint32_t label = label_below(level);
    std::vector<std::pair<double, const FileView*>> order;
    uint64_t leaving = 0;
    for (const FileView& file : run.files) {
      if (plan_.is_taken(file)) {
        leaving += file.bytes;
      } else {
        order.emplace_back(cost_of_pushing(level, label, file), &file);
      }
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [cost, file] : order) {
      if (!plan_.has_room() || level.bytes - leaving <= level.target_bytes) return;
      Selection one;
      one.add(*file, level.first_run);
      if (push_down(std::move(one), level.end_run, label, value,
                    "level " + std::to_string(level.label) + " is over its target")) {
        leaving += file->bytes;
      }
    }
  }

  // Bytes rewritten per byte that goes down; garbage makes a file cheaper.
  double cost_of_pushing(const Level& level, uint32_t label, const FileView& file) const {
    const Level* target = find_level(label);
    uint64_t overlap = 0;
    for (std::size_t i = level.end_run; target != nullptr && i < target->end_run; ++i) {
      overlap += plan_.overlap_bytes(file, i);
    }
    const double bytes = static_cast<double>(file.bytes) + 1;
    const double garbage = static_cast<double>(file.estimated_garbage_bytes) / bytes;
    return static_cast<double>(overlap) / (bytes * (1 + 4 * garbage));
  }

  void rewrite_garbage() {
    for (const Level& level : levels_) {
      if (level.label == 0 || level.runs() > 1) continue;
      const RunView& run = tree_.runs[level.first_run];
      for (const FileView& file : run.files) {
        if (!plan_.has_room()) return;
        if (plan_.is_taken(file) ||
            !policy::is_mostly_garbage(tree_, file, options_.garbage_percent)) {
          continue;
        }
        Selection one;
        one.add(file, level.first_run);
        if (plan_.is_bottommost(level.first_run, file)) {
          emit(JobType::kMerge, one, level.label, run.id, 0.5, "mostly garbage");
        } else {
          push_down(std::move(one), level.end_run, label_below(level), 0.5, "mostly garbage",
                    /*may_move=*/false);
        }
      }
    }
  }

  // One step of merging [start, end) down: the newest level that holds some of it goes into the
  // next one. When one run holds it all, files with garbage are rewritten in place.
  void plan_manual(std::string_view start, std::string_view end) {
    std::vector<const Level*> holders;
    for (const Level& level : levels_) {
      for (std::size_t i = level.first_run; i < level.end_run; ++i) {
        if (policy::holds(tree_.runs[i], start, end) &&
            (holders.empty() || holders.back() != &level))
          holders.push_back(&level);
      }
    }
    if (holders.empty() || !plan_.has_room()) return;
    const Level& newest = *holders.front();
    if (holders.size() == 1 && newest.label != 0 && newest.runs() == 1) {
      return policy::clean_range(plan_, newest.first_run, start, end);
    }
    uint32_t label = holders.size() > 1 ? holders[1]->label : newest.label;
    if (label == 0) label = level0_target();
    Selection selection;
    for (std::size_t i = newest.first_run; i < newest.end_run; ++i) {
      for (const FileView& file : tree_.runs[i].files) {
        if (!policy::reaches(file, start, end)) continue;
        if (plan_.is_taken(file)) return;
        selection.add(file, i);
      }
    }
    if (!plan_.gather(newest.first_run, newest.end_run, selection)) return;
    const std::size_t below = label == newest.label ? newest.first_run : newest.end_run;
    push_down(std::move(selection), below, label, 5, "asked for", /*may_move=*/false);
  }

  const LeveledOptions& options_;
  const TreeView& tree_;
  std::vector<Level> levels_;
  uint32_t bottom_ = 0;
  uint32_t base_ = 0;
  policy::PlanBuilder plan_;
};

class LeveledPolicy : public CompactionPolicy {
 public:
  LeveledPolicy() = default;
  explicit LeveledPolicy(LeveledOptions options) : options_(options) {}

  const LeveledOptions& options() const { return options_; }

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                    Deadline /*deadline*/) override {
    return LeveledRound(options_, tree).plan(events);
  }
  Pressure pressure(const TreeView& tree) override {
    return LeveledRound(options_, tree).pressure();
  }

 private:
  LeveledOptions options_;
};

}  // namespace kvhost
