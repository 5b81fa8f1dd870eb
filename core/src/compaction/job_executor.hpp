// Carries out one admitted job and installs its result in one edit of the MANIFEST.
//
// Threads:   any; several jobs at the same time.
// Lifetime:  borrows everything in Dependencies.
// Errors:    CANCELLED, CONFLICT or INVALID_ARGUMENT (the tree has changed and the job no longer
//            fits), NO_SPACE, IO_ERROR, CORRUPTION (an input is damaged, or in = out + dropped does
//            not hold). After an error the tree is as before and no output is left.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "compaction/compaction_host.hpp"
#include "compaction/compaction_iterator.hpp"
#include "compaction/job_admission.hpp"
#include "compaction/job_control.hpp"
#include "compaction/output_writer.hpp"
#include "kvhost/compaction.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/file_system.hpp"
#include "version/table_cache.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

// What a job came to.
struct JobResult {
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  // Of tables that went without being read.
  uint64_t bytes_dropped = 0;
  CompactionCounts counts;
  uint64_t dropped_lossy = 0;
  std::size_t files_in = 0;
  std::size_t files_out = 0;
};

class JobExecutor {
 public:
  struct Dependencies {
    FileSystem& files;
    VersionSet& versions;
    TableCache& tables;
    Clock& clock;
    CompactionHost& host;
  };
  struct Settings {
    // The identity is not used.
    TableOptions table;
    uint64_t target_file_bytes = uint64_t{64} << 20;
    bool allow_lossy_drop = false;
  };

  JobExecutor(Settings settings, Dependencies dependencies)
      : settings_(settings), dependencies_(dependencies) {}

  // `policy_name` is kept with the job's policy_state.
  Result<JobResult> run(const Job& job, const std::string& policy_name, JobControl& control);

 private:
  AdmissionRules rules() const;
  Result<JobResult> merge(const Job& job, const std::string& policy_name, JobControl& control);
  Result<JobResult> change_metadata(const Job& job, const std::string& policy_name);
  Status check_space() const;
  Status write_outputs(CompactionIterator& records, OutputWriter& outputs, JobControl& control);
  Status install(const Job& job, const std::string& policy_name,
                 const std::vector<FileMetadata>& outputs);
  Result<std::unique_ptr<RecordIterator>> open_inputs(const JobPlacement& placement);

  const Settings settings_;
  const Dependencies dependencies_;
  // Space that running jobs are going to use, bytes.
  std::atomic<uint64_t> reserved_bytes_{0};
};

}  // namespace kvhost::engine
