// Keeps the tree in shape: asks the policy, admits its jobs, runs them, installs their results.
//
// A policy is called on a thread of its own. It is quarantined until the next set_policy() when it
// throws, answers too late, keeps proposing jobs that are refused, lets level 0 pile up again and
// again, or has the tree written for ever although that makes it no better (PolicyProgress). Then
// the built-in leveled decision takes over, and log and statistics say so. The built-in decision
// also steps in, for one round, where level 0 piles up while the policy proposes nothing.
//
// Threads:   any, but for start() and close(): once each, by the owner.
// Lifetime:  borrows everything in Dependencies; close() (or the destructor) waits for the job at
//            hand to stop at its next block, and never for a policy.
// Errors:    of compact_range(): CANCELLED after close(), NO_SPACE, IO_ERROR or CORRUPTION of a
// job.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "compaction/compaction_host.hpp"
#include "kvhost/compaction.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/logger.hpp"
#include "kvhost/engine/tree_snapshot.hpp"
#include "sstable/table_options.hpp"
#include "version/table_cache.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

struct CompactionSettings {
  uint32_t workers = 1;
  // What tables are written with where a job does not say; the identity is not used.
  TableOptions table;
  uint64_t target_file_bytes = uint64_t{64} << 20;
  // Told to policies as the size of one flush.
  uint64_t memtable_bytes = uint64_t{64} << 20;
  std::chrono::milliseconds plan_timeout{1000};
  // How often the policy is asked although nothing happened: expiry goes on by itself.
  std::chrono::milliseconds timer_interval{10'000};
  // Runs of level 0 from which the built-in decision steps in for a policy that does nothing.
  uint32_t level0_emergency_runs = 24;
  // Plans in a row without one admissible job among those proposed, until quarantine.
  uint32_t max_refused_plans = 16;
  // Times in a row that the built-in decision has to step in, until quarantine.
  uint32_t max_rescues = 8;
  // Policies whose jobs lead nowhere are quarantined.
  bool judges_progress = true;
  // How often the files are looked at for what FileWatch tells.
  std::chrono::milliseconds watch_interval{1000};
  bool allow_lossy_drop = false;
};

// Counters since start(), and gauges.
struct CompactionStatistics {
  uint64_t jobs_done = 0;
  uint64_t jobs_failed = 0;
  uint64_t jobs_refused = 0;
  uint64_t policy_faults = 0;
  // Rounds that the built-in decision decided in a policy's stead.
  uint64_t built_in_rounds = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t dropped_shadowed = 0;
  uint64_t dropped_deleted = 0;
  uint64_t dropped_expired = 0;
  uint64_t dropped_lossy = 0;
  // Expired puts that were kept as tombstones, because something older may lie below.
  uint64_t rewritten_expired = 0;
  // Gauges.
  uint64_t pending_bytes = 0;
  uint64_t running_jobs = 0;
  // The policy that decides now; `built-in` while another one is quarantined.
  std::string policy_name;
  // Who is quarantined and why; empty when nobody is.
  std::string quarantined_policy;
  std::string quarantine_reason;
};

class CompactionDriver {
 public:
  struct Dependencies {
    FileSystem& files;
    VersionSet& versions;
    TableCache& tables;
    Clock& clock;
    Logger& logger;
    CompactionHost& host;
  };

  // A null policy stands for the built-in decision.
  CompactionDriver(CompactionSettings settings, Dependencies dependencies,
                   std::shared_ptr<CompactionPolicy> policy, std::string policy_name);
  ~CompactionDriver();
  CompactionDriver(const CompactionDriver&) = delete;
  CompactionDriver& operator=(const CompactionDriver&) = delete;

  // Starts the threads and asks the policy for the first time.
  void start();
  // Stops running jobs at their next block and joins the threads. Waiters get CANCELLED.
  void close();

  // Something happened that a policy may want to know. Never blocks; equal events are merged.
  void notify(TreeEventType type, uint64_t file_id = 0);
  // Merges the engine keys of [start, end) down; an empty `end` stands for no end. Returns when the
  // policy has nothing more to do for it.
  Status compact_range(std::string_view start, std::string_view end);
  // Returns when no job is running and the policy, asked anew, has none. Also when paused or
  // closed.
  Status wait_until_idle();

  // Starts no job until resume(); returns when none is running. Calls nest.
  void pause();
  void resume();

  // Running jobs finish; their results are installed as those of the policy that proposed them.
  void set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name);

  // Bytes that would have to be written for the tree to be in shape: the measure of slowing writes.
  uint64_t pending_bytes() const;
  CompactionStatistics statistics() const;
  // The tree as a policy would see it now.
  TreeSnapshot tree() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace kvhost::engine
