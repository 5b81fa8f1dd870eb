// Which jobs may run: pure functions over a Version, the running jobs and one job. They are asked
// when a job is admitted and again when its result is installed, so that no policy, buggy or
// hostile, can lose data or bring it back.
//
// The rule of recency: for every input file and every other file with common keys, the output must
// stand on the same side of the other file as the input did.
//
// Threads:   any.
// Errors:    CONFLICT (another job is in the way; the same job may be fine later), INVALID_ARGUMENT
//            (never), NOT_SUPPORTED; the message says which file or run and why.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "kvhost/compaction.hpp"
#include "kvhost/result.hpp"
#include "version/version.hpp"

namespace kvhost::engine {

struct AdmissionRules {
  // What has expired by then may be dropped: the durable log time.
  uint64_t now_ms = 0;
  bool allow_lossy_drop = false;
};

// Where a job's inputs are and where its outputs go, in one Version.
struct JobPlacement {
  std::vector<Version::Place> inputs;
  std::vector<TableFilePtr> files;
  std::unordered_set<uint64_t> numbers;
  // Positions of the newest and the oldest input's run.
  std::size_t newest = 0;
  std::size_t oldest = 0;
  // The run that outputs join, else the position that the new run is put at, in front of the run
  // that stands there.
  bool joins_run = false;
  std::size_t position = 0;
  uint32_t level = 0;
  // Covers every input.
  KeyRange hull;

  // The position of the newest run that is older than the outputs.
  std::size_t first_older() const { return joins_run ? position + 1 : position; }
};

// Finds the place of a job, or says why it can have none.
Result<JobPlacement> place_job(const Version& version, const Job& job, const AdmissionRules& rules);

// An admitted job as it fits `version` now: when other jobs have emptied the run that its outputs
// were to join, they make a new run of that level.
Job retarget(const Version& version, Job job);

// OK when the job can run beside others: no common input, and no common keys among common runs.
Status check_conflicts(const JobPlacement& job, std::span<const JobPlacement> running);

}  // namespace kvhost::engine
