// Policies that behave as policies should not.
//
// Threads:   as CompactionPolicy; the switches any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/random.hpp"
#include "kvhost/compaction.hpp"

namespace kvhost::engine::test {

// Does what a function says.
class ScriptedPolicy final : public CompactionPolicy {
 public:
  using Script = std::function<Result<Plan>(const TreeView&, std::span<const TreeEvent>)>;
  explicit ScriptedPolicy(Script script) : script_(std::move(script)) {}

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events, Deadline) override {
    ++plans;
    return script_(tree, events);
  }
  void job_done(const JobReport& report) override {
    ++reports;
    if (!report.status.is_ok()) ++failures;
  }

  std::atomic<int> plans{0};
  std::atomic<int> reports{0};
  std::atomic<int> failures{0};

 private:
  const Script script_;
};

// Sits in plan() until it is let go; the test lets it go before it ends.
class HangingPolicy final : public CompactionPolicy {
 public:
  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent>, Deadline) override {
    const MutexLock lock(mutex_);
    is_inside_ = true;
    changed_.notify_all();
    while (!let_go_) changed_.wait(mutex_);
    // The view must still be there, however late this is.
    bytes_seen_ = tree.total_bytes + tree.runs.size();
    is_inside_ = false;
    changed_.notify_all();
    return Plan{};
  }
  void wait_until_inside() {
    const MutexLock lock(mutex_);
    while (!is_inside_) changed_.wait(mutex_);
  }
  void let_go() {
    const MutexLock lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
    while (is_inside_) changed_.wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool is_inside_ KVHOST_GUARDED_BY(mutex_) = false;
  bool let_go_ KVHOST_GUARDED_BY(mutex_) = false;
  uint64_t bytes_seen_ KVHOST_GUARDED_BY(mutex_) = 0;
};

inline std::shared_ptr<ScriptedPolicy> lazy_policy() {
  return std::make_shared<ScriptedPolicy>(
      [](const TreeView&, std::span<const TreeEvent>) -> Result<Plan> { return Plan{}; });
}

// Proposes neighbouring files and sometimes anything at all.
inline std::shared_ptr<ScriptedPolicy> random_policy(uint64_t seed) {
  return std::make_shared<ScriptedPolicy>(
      [random = std::make_shared<Random>(seed)](const TreeView& tree,
                                                std::span<const TreeEvent>) -> Result<Plan> {
        Plan plan;
        if (tree.runs.empty()) return plan;
        for (uint64_t i = 0; i < random->below(4); ++i) {
          Job job;
          const std::size_t first = random->below(tree.runs.size());
          const std::size_t count = 1 + random->below(3);
          for (std::size_t run = first; run < std::min(first + count, tree.runs.size()); ++run) {
            for (const FileView& file : tree.runs[run].files) {
              if (!random->one_in(5)) job.inputs.push_back(file.id);
            }
          }
          if (random->one_in(10)) job.type = JobType::kMove;
          job.target_level = static_cast<uint32_t>(random->below(5));
          if (random->one_in(3)) {
            const RunView& target = tree.runs[random->below(tree.runs.size())];
            job.target_run = target.id;
            job.target_level = target.level;
          }
          job.priority = static_cast<uint32_t>(random->below(100));
          plan.jobs.push_back(std::move(job));
        }
        return plan;
      });
}

}  // namespace kvhost::engine::test
