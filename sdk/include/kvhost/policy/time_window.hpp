// Compaction by time as a pure decision, for data that is written in order of time and expires:
// logs, measurements, sessions. What was written within one window of time becomes one run, and is
// not merged again; when all of it has expired, its tables go without having been read.
//
//   write amplification   about 2: the flush, and one merge when the window has passed (more where
//                         a window holds many flushes)
//   runs, for reads       those of the open window, and one for each window, at most max_windows
//   space amplification   1, plus what waits for the last record of its window to expire
//
// Labels: level 0 holds the open window's runs, level 1 (and whatever another policy left below)
// the windows that have passed, newest first.
//
// A round asks:
//   1. Has a window of level 0 passed? Then its runs become one run of level 1.
//   2. Has the open window `fanout` runs of like size? Then they are merged within level 0.
//   3. Are there more than max_windows runs that have passed? Then the cheapest two neighbours are
//      merged, so that data without expiry does not make runs without end.
//   4. With max_bytes: is the tree larger? Then the oldest run goes with everything in it, if the
//      owner of the data allows loss. The newest run always stays.
//
// Threads:   as CompactionPolicy.
// Source:    Cassandra's TimeWindowCompactionStrategy (Jirsa); FIFO compaction of RocksDB.
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

struct TimeWindowOptions {
  uint64_t window_ms = 3'600'000;
  uint32_t fanout = 4;
  uint32_t max_windows = 32;
  // Above this the oldest run is dropped; 0 = never.
  uint64_t max_bytes = 0;
  // Outputs are cut at about this size, bytes.
  uint64_t target_file_bytes = uint64_t{64} << 20;
};

// One call of plan() or pressure().
class TimeWindowRound {
 public:
  TimeWindowRound(const TimeWindowOptions& options, const TreeView& tree)
      : options_(options), tree_(tree), plan_(tree) {
    while (open_end_ < tree.runs.size() && tree.runs[open_end_].level == 0) ++open_end_;
  }

  Plan plan(std::span<const TreeEvent> events, bool may_drop_live_data) {
    for (const TreeEvent& event : events) {
      if (event.type != TreeEventType::kManual) continue;
      policy::merge_range(plan_, event.start, event.end, options_.target_file_bytes);
    }
    policy::drop_expired(plan_);
    if (may_drop_live_data) drop_oldest();
    close_window();
    merge_within_open_window();
    merge_old_windows();
    // Within two windows the whole table is usually gone; then the rewrite is not needed.
    policy::rewrite_overdue(plan_, 2 * options_.window_ms);
    return plan_.take();
  }

  Pressure pressure() const {
    Pressure result;
    if (open_end_ <= options_.fanout) return result;
    for (std::size_t i = 0; i < open_end_; ++i) result.pending_bytes += tree_.runs[i].bytes;
    result.urgency = std::min<uint64_t>(1000, 50 * (open_end_ - options_.fanout));
    return result;
  }

 private:
  // By its youngest file: a run is as old as the newest thing in it.
  uint64_t window_of(const RunView& run) const {
    uint64_t newest = 0;
    for (const FileView& file : run.files) newest = std::max(newest, file.created_at_ms);
    return newest / std::max<uint64_t>(options_.window_ms, 1);
  }
  uint64_t open_window() const { return tree_.now_ms / std::max<uint64_t>(options_.window_ms, 1); }

  void merge_runs(policy::Stretch stretch, uint32_t level, uint32_t priority, std::string reason) {
    if (stretch.runs() == 0) return;
    const policy::Selection all = plan_.whole_runs(stretch.first, stretch.end);
    Job job;
    const bool moves = stretch.runs() == 1 || all.is_disjoint();
    job.type = moves ? JobType::kMove : JobType::kMerge;
    job.target_level = level;
    job.split_file_bytes = options_.target_file_bytes;
    job.priority = priority;
    job.reason = std::move(reason);
    plan_.add(std::move(job), all);
  }

  // The oldest runs of level 0 that belong to one window, when that has passed.
  void close_window() {
    if (open_end_ == 0) return;
    const uint64_t window = window_of(tree_.runs[open_end_ - 1]);
    if (window >= open_window()) return;
    std::size_t first = open_end_ - 1;
    while (first > 0 && window_of(tree_.runs[first - 1]) == window) --first;
    merge_runs({first, open_end_}, 1, 150, "the window has passed");
  }

  void merge_within_open_window() {
    const auto alike = policy::like_sized(plan_, {0, open_end_}, options_.fanout, 100);
    if (alike.runs() > 1) {
      merge_runs(alike, 0, 200, std::to_string(alike.runs()) + " runs of the open window");
    }
  }

  void merge_old_windows() {
    const policy::Stretch passed{open_end_, tree_.runs.size()};
    if (passed.runs() <= options_.max_windows) return;
    const auto two = policy::cheapest(plan_, passed, 2);
    if (two.runs() != 2) return;
    merge_runs(two, tree_.runs[two.first].level, 100, "more windows than allowed");
  }

  void drop_oldest() {
    if (options_.max_bytes == 0 || tree_.total_bytes <= options_.max_bytes) return;
    if (tree_.runs.size() < 2) return;
    const std::size_t last = tree_.runs.size() - 1;
    Job job;
    job.type = JobType::kDropOldestLossy;
    job.target_level = tree_.runs[last].level;
    job.priority = 250;
    job.reason = "the tree is larger than max_size";
    plan_.add(std::move(job), plan_.whole_runs(last, last + 1));
  }

  const TimeWindowOptions& options_;
  const TreeView& tree_;
  policy::PlanBuilder plan_;
  // Runs [0, open_end_) are of level 0.
  std::size_t open_end_ = 0;
};

class TimeWindowPolicy : public CompactionPolicy {
 public:
  TimeWindowPolicy() = default;
  explicit TimeWindowPolicy(TimeWindowOptions options) : options_(options) {}

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                    Deadline /*deadline*/) override {
    return TimeWindowRound(options_, tree).plan(events, !was_refused_);
  }
  Pressure pressure(const TreeView& tree) override {
    return TimeWindowRound(options_, tree).pressure();
  }
  // Where the owner of the data does not allow loss, the oldest run is not offered again.
  void job_done(const JobReport& report) override {
    if (report.type != JobType::kDropOldestLossy) return;
    if (report.status.code() == StatusCode::INVALID_ARGUMENT) was_refused_ = true;
  }

 protected:
  bool was_refused() const { return was_refused_; }

 private:
  TimeWindowOptions options_;
  bool was_refused_ = false;
};

}  // namespace kvhost
