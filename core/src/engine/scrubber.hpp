// Reads every table of the current Version past the cache and checks all of it, slowly, beside
// everything else. Damage is logged and counted when it is met, and listed at the end.
//
// Threads:   run() by any, one after the other; stop() by any.
// Lifetime:  borrows what it is made of.
// Errors:    CANCELLED (stopped); IO_ERROR and others of reading, per table, become findings.
#pragma once

#include <atomic>

#include "base/mutex.hpp"
#include "engine/statistics_counters.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/logger.hpp"
#include "kvhost/engine/scrub.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

class Scrubber {
 public:
  Scrubber(FileSystem& files, const VersionSet& versions, StatisticsCounters& counters,
           Logger& logger)
      : files_(files), versions_(versions), counters_(counters), logger_(logger) {}

  Result<ScrubReport> run(const ScrubOptions& options);
  // Ends every run from now on.
  void stop();

 private:
  friend class ThrottledFile;

  Status check(const TableFile& table, const ScrubOptions& options);
  // Waits until the bytes read since the run began are due. CANCELLED when stopped.
  Status pace(uint64_t bytes, const ScrubOptions& options);

  FileSystem& files_;
  const VersionSet& versions_;
  StatisticsCounters& counters_;
  Logger& logger_;
  Mutex run_mutex_;
  Mutex mutex_;
  CondVar stopped_changed_;
  bool is_stopped_ KVHOST_GUARDED_BY(mutex_) = false;
  // Of the run at hand.
  uint64_t begin_ns_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace kvhost::engine
