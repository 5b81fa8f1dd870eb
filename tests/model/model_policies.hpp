// Policies for the model: the built-in one scaled down, and one that merges whatever it likes.
//
// Threads:   as CompactionPolicy.
#pragma once

#include <memory>

#include "base/random.hpp"
#include "kvhost/policy/leveled.hpp"

namespace kvhost::engine::testing {

// Merges random spans of adjacent runs, whole, to a legal level.
class RandomPolicy final : public CompactionPolicy {
 public:
  explicit RandomPolicy(uint64_t seed) : random_(seed) {}

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events, Deadline) override {
    const bool is_manual = !events.empty() && events[0].type == TreeEventType::kManual;
    Plan plan;
    if (tree.runs.size() < 2 || (!is_manual && random_.one_in(3))) return plan;
    const std::size_t first = random_.below(tree.runs.size() - 1);
    const std::size_t last =
        std::min<std::size_t>(tree.runs.size() - 1, first + 1 + random_.below(3));
    Job job;
    for (std::size_t i = first; i <= last; ++i) {
      for (const FileView& file : tree.runs[i].files) {
        if (file.busy) return plan;
        job.inputs.push_back(file.id);
      }
    }
    job.target_level = tree.runs[last].level;
    job.split_file_bytes = 1000 + random_.below(20000);
    job.reason = "by chance";
    plan.jobs.push_back(std::move(job));
    return plan;
  }

 private:
  Random random_;
};

inline std::shared_ptr<CompactionPolicy> draw_policy(uint64_t seed) {
  if (seed % 2 == 0) return std::make_shared<RandomPolicy>(seed);
  LeveledOptions options;
  options.level0_trigger = 2;
  options.level_base_bytes = 16 << 10;
  options.fanout = 3;
  options.target_file_bytes = 8 << 10;
  return std::make_shared<LeveledPolicy>(options);
}

}  // namespace kvhost::engine::testing
