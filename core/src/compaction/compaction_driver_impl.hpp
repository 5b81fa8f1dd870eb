// The inside of CompactionDriver: one thread that decides, and workers that run jobs.
//
// Threads:   members are guarded by mutex_; nothing that may wait or call out happens under it.
// Reading:   compaction_driver.cpp (life and outside calls), compaction_rounds.cpp (deciding),
//            compaction_workers.cpp (running).
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "compaction/compaction_driver.hpp"
#include "compaction/file_watch.hpp"
#include "compaction/job_admission.hpp"
#include "compaction/job_control.hpp"
#include "compaction/job_executor.hpp"
#include "compaction/policy_progress.hpp"
#include "compaction/policy_runner.hpp"
#include "kvhost/policy/leveled.hpp"

namespace kvhost::engine {

inline constexpr std::string_view kBuiltInName = "built-in";

class CompactionDriver::Impl {
 public:
  Impl(CompactionSettings settings, Dependencies dependencies,
       std::shared_ptr<CompactionPolicy> policy, std::string policy_name);

  void start();
  void close();
  void notify(TreeEventType type, uint64_t file_id);
  Status compact_range(std::string_view start, std::string_view end);
  Status wait_until_idle();
  void pause();
  void resume();
  void set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name);
  uint64_t pending_bytes() const { return pending_bytes_.load(std::memory_order_relaxed); }
  CompactionStatistics statistics() const;
  TreeSnapshot tree() const;

 private:
  using Time = std::chrono::steady_clock::time_point;

  // A job from its admission to its end.
  struct ActiveJob {
    Job job;
    // Who proposed it and hears of its end; null: the built-in decision.
    std::shared_ptr<PolicyRunner> runner;
    std::string policy_name;
    std::unique_ptr<JobControl> control;
    // Somebody asked for it by compact_range().
    bool is_manual = false;
    bool is_running = false;
  };

  // A call of compact_range() that waits.
  struct ManualRequest {
    std::string start;
    std::string end;
    // Rounds that found something to do for it.
    uint32_t rounds = 0;
    bool is_built_in = false;
    bool is_done = false;
    Status status;
  };

  // One time of asking.
  struct Round {
    uint64_t number = 0;
    // Null: the built-in decision.
    std::shared_ptr<PolicyRunner> runner;
    std::string policy_name;
    std::vector<OwnedEvent> events;
    std::shared_ptr<ManualRequest> manual;
    // No job was active when it began.
    bool began_quiet = false;
    std::size_t proposed = 0;
    std::size_t admitted = 0;
    // Refused in a way that no other moment would have made good.
    std::size_t refused = 0;
  };

  // Deciding.
  void decide_loop();
  bool may_decide() const KVHOST_REQUIRES(mutex_);
  void wait_for_reason() KVHOST_REQUIRES(mutex_);
  // Opens the mutex meanwhile.
  void watch_files() KVHOST_REQUIRES(mutex_);
  Round begin_round() KVHOST_REQUIRES(mutex_);
  void decide(Round& round);
  std::optional<PolicyAnswer> ask(Round& round, const std::shared_ptr<const OwnedTree>& tree);
  PolicyAnswer ask_built_in(const Round& round, const OwnedTree& tree);
  void admit_all(Round& round, std::vector<Job> jobs);
  Status admit(const Version& version, const AdmissionRules& rules, const Round& round, Job& job)
      KVHOST_REQUIRES(mutex_);
  void step_in_where_nothing_happens(Round& round, const std::shared_ptr<const OwnedTree>& tree);
  void judge_policy(const Round& round);
  void quarantine(const std::shared_ptr<PolicyRunner>& runner, const Status& fault);
  void end_round(const Round& round) KVHOST_REQUIRES(mutex_);
  void advance_manual(const Round& round) KVHOST_REQUIRES(mutex_);
  void note_pressure(const Pressure& pressure, const OwnedTree& tree);
  TreeFacts facts() const;

  // Running.
  void work_loop();
  std::shared_ptr<ActiveJob> next_job() KVHOST_REQUIRES(mutex_);
  void run(ActiveJob& active);
  void finish(const ActiveJob& active, const Result<JobResult>& result,
              std::chrono::nanoseconds duration);
  void note_outcome(const Result<JobResult>& result) KVHOST_REQUIRES(mutex_);
  PolicyProgress::Shape shape_of(const Version& version) const {
    return {version.bytes(), version.runs().size(),
            version.level0_runs() >= settings_.level0_emergency_runs};
  }
  void judge_progress(const ActiveJob& active, const Result<JobResult>& result);
  // Waits for a change as one of waiters_.
  void wait() KVHOST_REQUIRES(mutex_);
  bool is_any_running() const KVHOST_REQUIRES(mutex_);
  void log(LogLevel level, const std::string& text) const {
    dependencies_.logger.log(level, "compaction: " + text);
  }

  const CompactionSettings settings_;
  const Dependencies dependencies_;
  JobExecutor executor_;
  // Used by the deciding thread alone.
  LeveledPolicy built_in_;
  FileWatch watch_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::thread decider_;
  std::vector<std::thread> workers_;
  bool started_ KVHOST_GUARDED_BY(mutex_) = false;
  bool closing_ KVHOST_GUARDED_BY(mutex_) = false;
  // Threads inside compact_range(), wait_until_idle() or pause().
  uint32_t waiters_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint32_t pauses_ KVHOST_GUARDED_BY(mutex_) = 0;

  std::shared_ptr<PolicyRunner> runner_ KVHOST_GUARDED_BY(mutex_);
  // In place of a quarantined policy the built-in one decides; its name is kept for the log.
  std::string policy_name_ KVHOST_GUARDED_BY(mutex_);
  uint32_t refused_plans_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint32_t rescues_ KVHOST_GUARDED_BY(mutex_) = 0;
  PolicyProgress progress_ KVHOST_GUARDED_BY(mutex_);

  bool is_asked_ KVHOST_GUARDED_BY(mutex_) = false;
  std::set<std::pair<TreeEventType, uint64_t>> events_ KVHOST_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<ManualRequest>> manuals_ KVHOST_GUARDED_BY(mutex_);
  uint64_t rounds_begun_ KVHOST_GUARDED_BY(mutex_) = 0;
  // The last round that found nothing to do while nothing was active.
  uint64_t quiet_round_ KVHOST_GUARDED_BY(mutex_) = 0;
  Time last_round_ KVHOST_GUARDED_BY(mutex_);
  Time last_watch_ KVHOST_GUARDED_BY(mutex_);
  // After failures no round begins earlier.
  Time not_before_ KVHOST_GUARDED_BY(mutex_);
  uint32_t failures_in_a_row_ KVHOST_GUARDED_BY(mutex_) = 0;
  Status last_failure_ KVHOST_GUARDED_BY(mutex_);

  // By priority, those of the same in the order of admission.
  std::vector<std::shared_ptr<ActiveJob>> active_ KVHOST_GUARDED_BY(mutex_);
  CompactionStatistics counters_ KVHOST_GUARDED_BY(mutex_);
  std::atomic<uint64_t> pending_bytes_{0};
};

}  // namespace kvhost::engine
