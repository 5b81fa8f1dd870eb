// The running half of CompactionDriver: workers take jobs by priority and report how they ended.
#include <algorithm>
#include <utility>

#include "base/thread_name.hpp"
#include "compaction/compaction_driver_impl.hpp"

namespace kvhost::engine {
namespace {

// After a failure the next round waits, longer each time.
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{30'000};

// The tree moved on, or the engine closes: no failure.
bool is_harmless(StatusCode code) {
  return code == StatusCode::CANCELLED || code == StatusCode::CONFLICT ||
         code == StatusCode::INVALID_ARGUMENT;
}

std::string summary(const Job& job, const JobResult& result) {
  return "level " + std::to_string(job.target_level) + ", " + std::to_string(result.files_in) +
         " tables of " + std::to_string(result.bytes_read) + " bytes into " +
         std::to_string(result.files_out) + " of " + std::to_string(result.bytes_written) +
         "; records: " + std::to_string(result.counts.entries_in) + " in, " +
         std::to_string(result.counts.entries_out) + " out, " +
         std::to_string(result.counts.dropped_shadowed) + " shadowed, " +
         std::to_string(result.counts.dropped_deleted) + " deleted, " +
         std::to_string(result.counts.dropped_expired) +
         " expired; reason: " + (job.reason.empty() ? "none given" : job.reason);
}

}  // namespace

void CompactionDriver::Impl::work_loop() {
  set_thread_name("kvh-compact");
  MutexLock lock(mutex_);
  while (!closing_) {
    const std::shared_ptr<ActiveJob> active = pauses_ == 0 ? next_job() : nullptr;
    if (active == nullptr) {
      changed_.wait(mutex_);
      continue;
    }
    active->is_running = true;
    lock.unlock();
    run(*active);
    lock.lock();
    std::erase(active_, active);
    events_.emplace(TreeEventType::kJobDone, 0);
    is_asked_ = true;
    changed_.notify_all();
  }
}

std::shared_ptr<CompactionDriver::Impl::ActiveJob> CompactionDriver::Impl::next_job() {
  const auto at = std::find_if(active_.begin(), active_.end(),
                               [](const auto& active) { return !active->is_running; });
  return at == active_.end() ? nullptr : *at;
}

bool CompactionDriver::Impl::is_any_running() const {
  return std::any_of(active_.begin(), active_.end(),
                     [](const auto& active) { return active->is_running; });
}

void CompactionDriver::Impl::run(ActiveJob& active) {
  const Time begin = std::chrono::steady_clock::now();
  const Result<JobResult> result = executor_.run(active.job, active.policy_name, *active.control);
  if (result) {
    dependencies_.host.tree_changed();
    dependencies_.versions.remove_obsolete_files();
  }
  finish(active, result, std::chrono::steady_clock::now() - begin);
}

void CompactionDriver::Impl::finish(const ActiveJob& active, const Result<JobResult>& result,
                                    std::chrono::nanoseconds duration) {
  JobReport report;
  report.type = active.job.type;
  report.status = result.status();
  report.duration = duration;
  if (result) {
    report.bytes_read = result->bytes_read;
    report.bytes_written = result->bytes_written;
    report.entries_in = result->counts.entries_in;
    report.entries_out = result->counts.entries_out;
    log(LogLevel::kInfo, "done: " + summary(active.job, *result));
  } else if (is_harmless(result.error().code())) {
    log(LogLevel::kInfo, "given up: " + result.error().to_string());
  } else {
    log(LogLevel::kError, "failed: " + result.error().to_string());
    dependencies_.host.compaction_failed(result.error());
  }
  if (active.runner != nullptr) active.runner->report(std::move(report));
  judge_progress(active, result);
  const MutexLock lock(mutex_);
  note_outcome(result);
}

void CompactionDriver::Impl::judge_progress(const ActiveJob& active,
                                            const Result<JobResult>& result) {
  const bool was_stopped = !result && result.error().code() == StatusCode::CANCELLED;
  if (!settings_.judges_progress || was_stopped) return;
  const uint64_t bytes_in = result ? result->bytes_read + result->bytes_dropped : 0;
  const uint64_t bytes_out = result ? result->bytes_written : 0;
  const VersionPtr version = dependencies_.versions.current();
  std::string figures;
  {
    const MutexLock lock(mutex_);
    if (runner_ == nullptr) return;
    if (active.runner != runner_ || active.is_manual) {
      progress_.note_other(bytes_in, bytes_out);
      return;
    }
    progress_.pay(bytes_in, bytes_out);
    progress_.look(shape_of(*version));
    if (!progress_.is_overdrawn()) return;
    figures = std::to_string(progress_.written()) + " bytes for " +
              std::to_string(progress_.arrived()) + " of new data, and the tree still has " +
              std::to_string(version->runs().size()) + " runs of " +
              std::to_string(version->bytes()) + " bytes";
  }
  quarantine(active.runner,
             {StatusCode::PLUGIN_ERROR, "its jobs make no progress: they wrote " + figures});
}

void CompactionDriver::Impl::note_outcome(const Result<JobResult>& result) {
  if (result) {
    failures_in_a_row_ = 0;
    ++counters_.jobs_done;
    counters_.bytes_read += result->bytes_read;
    counters_.bytes_written += result->bytes_written;
    counters_.dropped_shadowed += result->counts.dropped_shadowed;
    counters_.dropped_deleted += result->counts.dropped_deleted;
    counters_.dropped_expired += result->counts.dropped_expired;
    counters_.dropped_lossy += result->dropped_lossy;
    counters_.rewritten_expired += result->counts.rewritten_expired;
    return;
  }
  if (is_harmless(result.error().code())) {
    if (result.error().code() != StatusCode::CANCELLED) ++counters_.jobs_refused;
    return;
  }
  ++counters_.jobs_failed;
  last_failure_ = result.error();
  const auto pause = kFirstPause * (1 << std::min(failures_in_a_row_++, 10u));
  not_before_ = std::chrono::steady_clock::now() + std::min(pause, kLongestPause);
  if (!manuals_.empty()) {
    manuals_.front()->status = result.error();
    manuals_.front()->is_done = true;
    manuals_.pop_front();
  }
}

}  // namespace kvhost::engine
