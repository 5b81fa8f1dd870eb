// The compaction policy @NAME@: merges the runs of a level into one run of the next level, as soon as
// there are enough of them.
//
// Threads:   one thread of the engine's.
#pragma once

#include <cstdint>
#include <kvhost/plugin.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

class @CLASS@ final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("runs", 4).min(2).max(64).unit("runs").doc("runs that are merged at once"));

  static kvhost::Result<std::unique_ptr<@CLASS@>> create(kvhost::Context& context,
                                                        const kvhost::Config& config) {
    const auto runs = static_cast<std::size_t>(config.integer("runs"));
    context.log().info("merges " + std::to_string(runs) + " runs at once");
    return std::make_unique<@CLASS@>(runs);
  }
  explicit @CLASS@(std::size_t runs) : runs_(runs) {}

  // Looks for neighbours of one level, newest first, that are enough and not at work.
  kvhost::Result<kvhost::Plan> plan(const kvhost::TreeView& tree,
                                    std::span<const kvhost::TreeEvent> /*events*/,
                                    kvhost::Deadline /*deadline*/) override {
    kvhost::Plan plan;
    std::size_t first = 0;
    while (first < tree.runs.size()) {
      std::size_t end = first + 1;
      while (end < tree.runs.size() && tree.runs[end].level == tree.runs[first].level) ++end;
      const auto level = tree.runs.subspan(first, end - first);
      if (level.size() >= runs_ && !is_busy(level)) {
        plan.jobs.push_back(merge(level));
        return plan;
      }
      first = end;
    }
    return plan;
  }

 private:
  static bool is_busy(std::span<const kvhost::RunView> runs) {
    for (const auto& run : runs) {
      for (const auto& file : run.files) {
        if (file.busy) return true;
      }
    }
    return false;
  }
  static kvhost::Job merge(std::span<const kvhost::RunView> runs) {
    kvhost::Job job;
    job.type = kvhost::JobType::kMerge;
    job.target_level = runs.front().level + 1;
    for (const auto& run : runs) {
      for (const auto& file : run.files) job.inputs.push_back(file.id);
    }
    job.reason = std::to_string(runs.size()) + " runs in level " +
                 std::to_string(runs.front().level);
    return job;
  }

  const std::size_t runs_;
};
