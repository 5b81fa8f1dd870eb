// Makes a compaction policy of the engine's from a plugin's table.
//
// Threads:   any, one at a time: a state that was replaced may still ask beside the one that
// serves. Lifetime:  borrows table and instance: the component is destroyed after the engine let go
// of this. Errors:    plan() answers PLUGIN_ERROR for a job that is malformed (size, type, counts,
// lengths), and
//            the policy's own words otherwise.
#pragma once

#include <mutex>
#include <string>

#include "kvhost/abi/compaction.h"
#include "kvhost/compaction.hpp"

namespace kvhost::host {

// What a policy may hand over at most; more is PLUGIN_ERROR.
inline constexpr std::size_t kMaxJobsPerPlan = 1'024;
inline constexpr uint64_t kMaxInputsPerJob = 100'000;
inline constexpr uint64_t kMaxJobTextBytes = 128 << 10;

class CompactionAdapter final : public CompactionPolicy {
 public:
  CompactionAdapter(const kvh_compaction* table, void* self, std::string name)
      : table_(table), self_(self), name_(std::move(name)) {}

  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                    Deadline deadline) override;
  Pressure pressure(const TreeView& tree) override;
  void job_done(const JobReport& report) override;
  const std::string& name() const { return name_; }

 private:
  const kvh_compaction* table_;
  void* self_;
  std::string name_;
  std::mutex mutex_;
};

}  // namespace kvhost::host
