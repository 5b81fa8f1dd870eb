// The deciding half of CompactionDriver: when the policy is asked, and what its answer is worth.
#include <algorithm>
#include <utility>

#include "base/thread_name.hpp"
#include "compaction/compaction_driver_impl.hpp"

namespace kvhost::engine {
namespace {

// Rounds with work for one compact_range() until the built-in decision takes it over, and until it
// counts as done as far as it went.
constexpr uint32_t kManualPolicyRounds = 64;
constexpr uint32_t kManualRounds = 128;

// Free space for fewer flushes than this is told to the policy.
constexpr uint64_t kLowSpaceMemtables = 8;

// Refused because of the moment, not because of the job.
bool is_untimely(const Status& refusal) { return refusal.code() == StatusCode::CONFLICT; }

}  // namespace

void CompactionDriver::Impl::decide_loop() {
  set_thread_name("kvh-decide");
  MutexLock lock(mutex_);
  while (!closing_) {
    if (!may_decide()) {
      wait_for_reason();
      continue;
    }
    Round round = begin_round();
    lock.unlock();
    decide(round);
    lock.lock();
    end_round(round);
  }
}

bool CompactionDriver::Impl::may_decide() const {
  return is_asked_ && pauses_ == 0 && std::chrono::steady_clock::now() >= not_before_;
}

void CompactionDriver::Impl::wait_for_reason() {
  const Time now = std::chrono::steady_clock::now();
  if (now >= last_watch_ + settings_.watch_interval) return watch_files();
  Time wake =
      std::min(last_round_ + settings_.timer_interval, last_watch_ + settings_.watch_interval);
  if (is_asked_ && not_before_ > now) wake = std::min(wake, not_before_);
  if (wake > now) {
    changed_.wait_for(mutex_, wake - now);
    return;
  }
  if (pauses_ > 0) {
    changed_.wait(mutex_);
    return;
  }
  events_.emplace(TreeEventType::kTimer, 0);
  is_asked_ = true;
  // Should a failure hold the round back, the timer must not fire in a circle meanwhile.
  last_round_ = now;
}

void CompactionDriver::Impl::watch_files() {
  last_watch_ = std::chrono::steady_clock::now();
  mutex_.unlock();
  const std::vector<FileWatch::Event> seen = watch_.look(*dependencies_.versions.current());
  mutex_.lock();
  events_.insert(seen.begin(), seen.end());
  if (!seen.empty()) is_asked_ = true;
}

CompactionDriver::Impl::Round CompactionDriver::Impl::begin_round() {
  Round round;
  round.number = ++rounds_begun_;
  round.runner = runner_;
  round.policy_name = policy_name_;
  round.began_quiet = active_.empty();
  for (const auto& [type, file] : std::exchange(events_, {}))
    round.events.push_back({type, file, {}, {}});
  if (!manuals_.empty()) {
    round.manual = manuals_.front();
    round.events.push_back({TreeEventType::kManual, 0, round.manual->start, round.manual->end});
    if (round.manual->is_built_in) {
      round.runner.reset();
      round.policy_name = kBuiltInName;
    }
  }
  is_asked_ = false;
  last_round_ = std::chrono::steady_clock::now();
  return round;
}

TreeFacts CompactionDriver::Impl::facts() const {
  TreeFacts facts;
  {
    const MutexLock lock(mutex_);
    facts.max_workers = std::max(settings_.workers, 1u);
    facts.idle_workers =
        facts.max_workers - std::min(facts.max_workers, static_cast<uint32_t>(active_.size()));
    for (const auto& active : active_) {
      facts.busy.insert(active->job.inputs.begin(), active->job.inputs.end());
    }
    facts.policy_name = policy_name_;
  }
  const VersionState state = dependencies_.versions.state();
  // Another policy's notes are of no use to this one.
  if (state.policy_name == facts.policy_name) facts.policy_state = state.policy_state;
  facts.now_ms = dependencies_.host.durable_log_time_ms();
  facts.snapshots = dependencies_.host.live_snapshots();
  facts.last_sequence = dependencies_.host.last_sequence();
  facts.memtable_bytes = settings_.memtable_bytes;
  facts.write_bytes_per_s = dependencies_.host.write_bytes_per_second();
  facts.free_bytes =
      dependencies_.files.free_bytes(dependencies_.versions.directory()).value_or(uint64_t{0});
  return facts;
}

void CompactionDriver::Impl::decide(Round& round) {
  dependencies_.versions.remove_obsolete_files();
  // The busy files are read first: a job that ends in between leaves files that are busy no more.
  TreeFacts seen = facts();
  if (seen.free_bytes < kLowSpaceMemtables * settings_.memtable_bytes) {
    round.events.push_back({TreeEventType::kLowSpace, 0, {}, {}});
  }
  const auto tree =
      std::make_shared<const OwnedTree>(*dependencies_.versions.current(), std::move(seen));
  std::optional<PolicyAnswer> answer = ask(round, tree);
  if (!answer) return;
  note_pressure(answer->pressure, *tree);
  admit_all(round, std::move(answer->plan.jobs));
  judge_policy(round);
  step_in_where_nothing_happens(round, tree);
}

std::optional<PolicyAnswer> CompactionDriver::Impl::ask(
    Round& round, const std::shared_ptr<const OwnedTree>& tree) {
  if (round.runner == nullptr) return ask_built_in(round, *tree);
  Result<PolicyAnswer> answer = round.runner->ask(tree, round.events, settings_.plan_timeout);
  if (answer) return std::move(*answer);
  if (answer.error().code() == StatusCode::CANCELLED) return std::nullopt;
  quarantine(round.runner, answer.error());
  round.runner.reset();
  round.policy_name = kBuiltInName;
  return ask_built_in(round, *tree);
}

PolicyAnswer CompactionDriver::Impl::ask_built_in(const Round& round, const OwnedTree& tree) {
  std::vector<TreeEvent> events;
  for (const OwnedEvent& event : round.events) {
    events.push_back({event.type, event.file_id, event.start, event.end});
  }
  PolicyAnswer answer;
  if (Result<Plan> plan = built_in_.plan(tree.view(), events, Deadline::max())) {
    answer.plan = std::move(*plan);
  }
  answer.pressure = built_in_.pressure(tree.view());
  return answer;
}

void CompactionDriver::Impl::admit_all(Round& round, std::vector<Job> jobs) {
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.priority > b.priority; });
  const VersionPtr version = dependencies_.versions.current();
  const AdmissionRules rules{dependencies_.host.durable_log_time_ms(), settings_.allow_lossy_drop};
  std::vector<JobReport> refusals;
  {
    const MutexLock lock(mutex_);
    for (Job& job : jobs) {
      // The policy is asked again as soon as a worker is free.
      if (active_.size() >= std::max(settings_.workers, 1u) || closing_) break;
      ++round.proposed;
      const Status admitted = admit(*version, rules, round, job);
      if (admitted.is_ok()) {
        ++round.admitted;
        continue;
      }
      ++counters_.jobs_refused;
      if (!is_untimely(admitted)) ++round.refused;
      refusals.push_back({.type = job.type, .status = admitted});
    }
    changed_.notify_all();
  }
  for (JobReport& refusal : refusals) {
    log(LogLevel::kDebug,
        "refused a job of the policy \"" + round.policy_name + "\": " + refusal.status.to_string());
    if (round.runner != nullptr) round.runner->report(std::move(refusal));
  }
}

Status CompactionDriver::Impl::admit(const Version& version, const AdmissionRules& rules,
                                     const Round& round, Job& job) {
  KVHOST_TRY_ASSIGN(const JobPlacement placement, place_job(version, job, rules));
  std::vector<JobPlacement> running;
  for (const auto& active : active_) {
    Result<JobPlacement> other = place_job(version, retarget(version, active->job), rules);
    // Its result is being installed at this moment; what it leaves behind will be seen next time.
    if (!other) return {StatusCode::CONFLICT, "another job is just being installed"};
    running.push_back(std::move(*other));
  }
  KVHOST_TRY(check_conflicts(placement, running));
  auto active = std::make_shared<ActiveJob>();
  active->job = std::move(job);
  active->runner = round.runner;
  active->policy_name = round.policy_name;
  active->is_manual = round.manual != nullptr;
  active->control =
      std::make_unique<JobControl>([&host = dependencies_.host] { return host.is_flush_urgent(); });
  const auto at = std::find_if(active_.begin(), active_.end(), [&active](const auto& other) {
    return other->job.priority < active->job.priority;
  });
  active_.insert(at, std::move(active));
  return {};
}

void CompactionDriver::Impl::step_in_where_nothing_happens(
    Round& round, const std::shared_ptr<const OwnedTree>& tree) {
  if (round.runner == nullptr || round.admitted > 0 || !round.began_quiet) return;
  const std::size_t level0_runs = dependencies_.versions.current()->level0_runs();
  if (level0_runs < settings_.level0_emergency_runs) return;
  log(LogLevel::kWarning, "level 0 has " + std::to_string(level0_runs) + " runs and the policy \"" +
                              round.policy_name +
                              "\" does nothing; the built-in decision steps in for this round");
  bool is_hopeless = false;
  {
    const MutexLock lock(mutex_);
    ++counters_.built_in_rounds;
    is_hopeless = ++rescues_ >= settings_.max_rescues;
  }
  if (is_hopeless) {
    quarantine(round.runner, {StatusCode::PLUGIN_ERROR, "the built-in decision had to step in " +
                                                            std::to_string(settings_.max_rescues) +
                                                            " times in a row, level 0 "
                                                            "has " +
                                                            std::to_string(level0_runs) + " runs"});
  }
  Round own = round;
  own.runner.reset();
  own.policy_name = kBuiltInName;
  PolicyAnswer answer = ask_built_in(own, *tree);
  admit_all(own, std::move(answer.plan.jobs));
  round.admitted = own.admitted;
}

void CompactionDriver::Impl::judge_policy(const Round& round) {
  if (round.runner == nullptr || round.proposed == 0) return;
  bool is_hopeless = false;
  {
    const MutexLock lock(mutex_);
    if (round.admitted > 0) refused_plans_ = rescues_ = 0;
    if (round.admitted == 0 && round.refused > 0) {
      is_hopeless = ++refused_plans_ >= settings_.max_refused_plans;
    }
  }
  if (!is_hopeless) return;
  quarantine(round.runner,
             {StatusCode::PLUGIN_ERROR, "the last " + std::to_string(settings_.max_refused_plans) +
                                            " plans held only jobs that are not allowed"});
}

void CompactionDriver::Impl::quarantine(const std::shared_ptr<PolicyRunner>& runner,
                                        const Status& fault) {
  std::shared_ptr<PolicyRunner> dropped;
  {
    const MutexLock lock(mutex_);
    ++counters_.policy_faults;
    // Another policy may have come meanwhile.
    if (runner_ != runner) return;
    dropped = std::move(runner_);
    policy_name_ = kBuiltInName;
    refused_plans_ = rescues_ = 0;
    counters_.quarantined_policy = dropped->name();
    counters_.quarantine_reason = fault.message();
    is_asked_ = true;
    changed_.notify_all();
  }
  log(LogLevel::kError, "the policy \"" + dropped->name() +
                            "\" is quarantined: " + fault.message() +
                            "; the built-in leveled decision takes over until a policy is set");
}

void CompactionDriver::Impl::end_round(const Round& round) {
  if (round.admitted == 0 && round.began_quiet && active_.empty()) quiet_round_ = round.number;
  if (round.admitted > 0 && round.runner == nullptr && policy_name_ != kBuiltInName) {
    ++counters_.built_in_rounds;
  }
  if (round.manual != nullptr) advance_manual(round);
  changed_.notify_all();
}

void CompactionDriver::Impl::advance_manual(const Round& round) {
  ManualRequest& manual = *round.manual;
  if (manual.is_done) return;
  if (round.admitted > 0) {
    ++manual.rounds;
    if (manual.rounds == kManualPolicyRounds && !manual.is_built_in) {
      manual.is_built_in = true;
      log(LogLevel::kWarning, "the policy \"" + round.policy_name +
                                  "\" finds no end for a compaction that was asked for; the "
                                  "built-in decision ends it");
    }
    if (manual.rounds < kManualRounds) return;
    log(LogLevel::kWarning, "a compaction that was asked for ends after 128 rounds with work left");
  } else if (!round.began_quiet) {
    return;
  } else if (round.proposed > 0 && !manual.is_built_in) {
    manual.is_built_in = true;
    is_asked_ = true;
    return;
  }
  manual.is_done = true;
  std::erase(manuals_, round.manual);
  if (!manuals_.empty()) is_asked_ = true;
}

void CompactionDriver::Impl::note_pressure(const Pressure& pressure, const OwnedTree& tree) {
  const TreeView& view = tree.view();
  // A hint: it never says more than that everything is to be written once more.
  uint64_t pending = std::min(pressure.pending_bytes, view.total_bytes);
  uint64_t level0_runs = 0;
  uint64_t level0_bytes = 0;
  for (const RunView& run : view.runs) {
    if (run.level != 0) break;
    ++level0_runs;
    level0_bytes += run.bytes;
  }
  // Nor less than what reads feel.
  if (level0_runs >= settings_.level0_emergency_runs) pending = std::max(pending, level0_bytes);
  pending_bytes_.store(pending, std::memory_order_relaxed);
}

}  // namespace kvhost::engine
