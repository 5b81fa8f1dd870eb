// A compaction policy that misbehaves as its option `mode` says, and one that proposes anything by
// chance. They go through the boundary as any plugin does; the node must not notice more than a
// fault.
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kvhost/plugin.hpp"

namespace {

using kvhost::FileView;
using kvhost::Job;
using kvhost::JobType;
using kvhost::Plan;
using kvhost::RunView;
using kvhost::TreeView;

Job merge_of(std::vector<uint64_t> inputs, uint32_t level, uint64_t run = 0) {
  Job job;
  job.inputs = std::move(inputs);
  job.target_level = level;
  job.target_run = run;
  return job;
}

std::vector<uint64_t> files_of(const RunView& run) {
  std::vector<uint64_t> ids;
  for (const FileView& file : run.files) ids.push_back(file.id);
  return ids;
}

class Hostile final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::string("mode").required().doc("what it does wrong"),
      kvhost::duration("hang", "1h").doc("how long `hang` and `hang-in-stop` take"),
      kvhost::integer("good_plans", 0).min(0).max(1000).doc("empty plans before the misbehaviour"));

  Hostile(std::string mode, std::chrono::nanoseconds hang, int64_t good_plans)
      : mode_(std::move(mode)), hang_(hang), good_plans_(good_plans) {}

  static kvhost::Result<std::unique_ptr<Hostile>> create(kvhost::Context&,
                                                         const kvhost::Config& config) {
    return std::make_unique<Hostile>(config.string("mode"), config.duration("hang"),
                                     config.integer("good_plans"));
  }

  kvhost::Status start() { return {}; }
  void stop(kvhost::Deadline) {
    if (mode_ == "hang-in-stop") std::this_thread::sleep_for(hang_);
  }

  kvhost::Result<Plan> plan(const TreeView& tree, std::span<const kvhost::TreeEvent>,
                            kvhost::Deadline) override {
    if (good_plans_-- > 0) return Plan{};
    Plan plan;
    if (mode_ == "throw") throw std::runtime_error("the hostile policy is out of ideas");
    if (mode_ == "hang") std::this_thread::sleep_for(hang_);
    if (mode_ == "error") return kvhost::Status(kvhost::StatusCode::INTERNAL, "no plan today");
    if (mode_ == "many-jobs") plan.jobs.assign(5'000, merge_of({1}, 1));
    if (mode_ == "many-inputs") plan.jobs = {merge_of(std::vector<uint64_t>(200'000, 1), 1)};
    if (mode_ == "no-such-file") plan.jobs = {merge_of({4'711'000}, 1)};
    if (tree.runs.empty()) return plan;
    add_tree_nonsense(tree, plan);
    return plan;
  }
  kvhost::Pressure pressure(const TreeView&) override { return {UINT64_MAX, UINT64_MAX}; }
  void job_done(const kvhost::JobReport&) override {
    if (mode_ == "throw-in-job-done") throw std::runtime_error("thrown in job_done");
  }

 private:
  void add_tree_nonsense(const TreeView& tree, Plan& plan) const {
    const RunView& newest = tree.runs.front();
    const RunView& oldest = tree.runs.back();
    const auto all = files_of(newest);
    if (mode_ == "twice") {
      auto doubled = all;
      doubled.push_back(all[0]);
      plan.jobs = {merge_of(doubled, newest.level, newest.id)};
    }
    if (mode_ == "overlapping") {
      plan.jobs.assign(8, merge_of(files_of(oldest), oldest.level, oldest.id));
    }
    if (mode_ == "wrong-target") plan.jobs = {merge_of(all, 63, 999'999)};
    if (mode_ == "wrong-level") plan.jobs = {merge_of(all, 4'000'000'000)};
    if (mode_ == "passes-older" && tree.runs.size() > 2) {
      plan.jobs = {merge_of(all, oldest.level + 1)};
    }
    if (mode_ == "big-state") {
      plan.jobs = {merge_of(all, newest.level, newest.id)};
      plan.jobs[0].policy_state.assign(5'000, 's');
    }
    if (mode_ == "clip") {
      plan.jobs = {merge_of(all, newest.level, newest.id)};
      plan.jobs[0].clip_start = std::string(newest.files[0].smallest_key) + "x";
      plan.jobs[0].clip_end = plan.jobs[0].clip_start + "y";
    }
    if (mode_ == "blobs") {
      plan.jobs = {merge_of(all, newest.level)};
      plan.jobs[0].type = JobType::kRewriteBlobs;
    }
    if (mode_ == "lossy") {
      plan.jobs = {merge_of(files_of(oldest), oldest.level)};
      plan.jobs[0].type = JobType::kDropOldestLossy;
    }
    if (mode_ == "drop-unexpired") {
      plan.jobs = {merge_of(files_of(oldest), oldest.level)};
      plan.jobs[0].type = JobType::kDropExpired;
    }
    if (mode_ == "useless" || mode_ == "throw-in-job-done") {
      plan.jobs = {merge_of({oldest.files[0].id}, oldest.level, oldest.id)};
    }
  }

  const std::string mode_;
  const std::chrono::nanoseconds hang_;
  int64_t good_plans_ = 0;
};

// Sensible neighbourhoods, single files, wild targets: some of it is legal.
class ByChance final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto kOptions =
      kvhost::options(kvhost::integer("seed", 1).doc("what chance begins with"));

  explicit ByChance(uint64_t seed) : random_(seed) {}
  static kvhost::Result<std::unique_ptr<ByChance>> create(kvhost::Context&,
                                                          const kvhost::Config& config) {
    return std::make_unique<ByChance>(static_cast<uint64_t>(config.integer("seed")));
  }

  kvhost::Result<Plan> plan(const TreeView& tree, std::span<const kvhost::TreeEvent>,
                            kvhost::Deadline) override {
    Plan plan;
    // One sensible merge in front, so that the tree stays small enough to go on.
    if (tree.runs.size() > 6) plan.jobs.push_back(whole_runs(tree));
    for (uint64_t jobs = below(4); jobs > 0 && !tree.runs.empty(); --jobs) {
      plan.jobs.push_back(anything(tree));
    }
    return plan;
  }

 private:
  uint64_t below(uint64_t limit) { return random_() % limit; }

  Job whole_runs(const TreeView& tree) {
    const std::size_t first = below(tree.runs.size() - 1);
    const std::size_t last = std::min(tree.runs.size() - 1, first + 1 + below(4));
    std::vector<uint64_t> inputs;
    for (std::size_t run = first; run <= last; ++run) {
      for (const uint64_t id : files_of(tree.runs[run])) inputs.push_back(id);
    }
    Job job = merge_of(inputs, tree.runs[last].level);
    job.priority = 100;
    job.policy_state = std::string(below(4'097), 's');
    return job;
  }

  Job anything(const TreeView& tree) {
    const std::size_t first = below(tree.runs.size());
    const std::size_t last = std::min(tree.runs.size() - 1, first + below(3));
    Job job;
    for (std::size_t run = first; run <= last; ++run) {
      for (const FileView& file : tree.runs[run].files) {
        if (below(5) != 0) job.inputs.push_back(file.id);
      }
    }
    if (job.inputs.empty() || below(30) == 0) job.inputs.push_back(below(1'000));
    if (below(8) == 0) job.type = static_cast<JobType>(1 + below(5));
    job.target_level = static_cast<uint32_t>(below(below(9) == 0 ? 5'000'000'000 : 8));
    if (below(2) == 0) {
      const RunView& target = tree.runs[below(tree.runs.size())];
      job.target_run = target.id;
      job.target_level = target.level;
    }
    if (below(20) == 0) job.clip_end = "m";
    job.split_file_bytes = below(2) == 0 ? 0 : below(1'000'000);
    job.split_overlap_bytes = below(100'000);
    job.split_window_ms = below(3) == 0 ? 1'000 : 0;
    job.bits_per_key = static_cast<uint32_t>(below(100'000));
    job.priority = static_cast<uint32_t>(below(50));
    return job;
  }

  std::mt19937_64 random_;
};

}  // namespace

KVHOST_PLUGIN("test.hostile", "1.0.0", kvhost::compaction<Hostile>("hostile", "misbehaves"),
              kvhost::compaction<ByChance>("by-chance", "proposes anything"));
