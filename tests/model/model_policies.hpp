// Policies for the model: those of the SDK scaled down, and one that merges whatever it likes.
//
// Threads:   as CompactionPolicy.
#pragma once

#include <memory>

#include "base/random.hpp"
#include "kvhost/policy/lazy_leveled.hpp"
#include "kvhost/policy/leveled.hpp"
#include "kvhost/policy/tiered.hpp"
#include "kvhost/policy/time_window.hpp"

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
  constexpr uint64_t kFileBytes = 8 << 10;
  constexpr uint64_t kLagMs = 500;
  switch (seed % 5) {
    case 0:
      return std::make_shared<RandomPolicy>(seed);
    case 1: {
      TieredOptions options{.fanout = 2, .max_runs = 4, .target_file_bytes = kFileBytes};
      options.expiry_lag_ms = kLagMs;
      return std::make_shared<TieredPolicy>(options);
    }
    case 2: {
      LazyLeveledOptions options{.fanout = 2, .target_file_bytes = kFileBytes};
      options.expiry_lag_ms = kLagMs;
      return std::make_shared<LazyLeveledPolicy>(options);
    }
    case 3: {
      TimeWindowOptions options{.window_ms = 400, .fanout = 2, .max_windows = 3};
      options.target_file_bytes = kFileBytes;
      return std::make_shared<TimeWindowPolicy>(options);
    }
    default: {
      LeveledOptions options{.level0_trigger = 2, .level_base_bytes = 16 << 10, .fanout = 3};
      options.target_file_bytes = kFileBytes;
      options.expiry_lag_ms = kLagMs;
      return std::make_shared<LeveledPolicy>(options);
    }
  }
}

}  // namespace kvhost::engine::testing
