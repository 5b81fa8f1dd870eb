#include "compaction/compaction_driver.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "compaction/compaction_driver_impl.hpp"

namespace kvhost::engine {
namespace {

LeveledOptions built_in_options(const CompactionSettings& settings) {
  LeveledOptions options;
  options.target_file_bytes = settings.target_file_bytes;
  options.level_base_bytes = std::max(settings.memtable_bytes * 4, settings.target_file_bytes);
  return options;
}

// Events beyond this are as good as one that says: look at the tree.
constexpr std::size_t kMaxEvents = 256;

}  // namespace

CompactionDriver::Impl::Impl(CompactionSettings settings, Dependencies dependencies,
                             std::shared_ptr<CompactionPolicy> policy, std::string policy_name)
    : settings_(std::move(settings)),
      dependencies_(dependencies),
      executor_({settings_.table, settings_.target_file_bytes, settings_.allow_lossy_drop},
                {dependencies.files, dependencies.versions, dependencies.tables, dependencies.clock,
                 dependencies.host}),
      built_in_(built_in_options(settings_)),
      progress_(settings_.memtable_bytes) {
  set_policy(std::move(policy), std::move(policy_name));
}

void CompactionDriver::Impl::start() {
  {
    const MutexLock lock(mutex_);
    KVHOST_ASSERT(!started_, "the compaction driver was started twice");
    started_ = true;
    last_round_ = last_watch_ = std::chrono::steady_clock::now();
  }
  decider_ = std::thread([this] { decide_loop(); });
  for (uint32_t i = 0; i < std::max(settings_.workers, 1u); ++i) {
    workers_.emplace_back([this] { work_loop(); });
  }
  notify(TreeEventType::kOpened, 0);
}

void CompactionDriver::Impl::close() {
  std::shared_ptr<PolicyRunner> runner;
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    runner = std::move(runner_);
    for (const auto& active : active_) active->control->cancel();
    changed_.notify_all();
  }
  if (runner != nullptr) runner->interrupt();
  if (decider_.joinable()) decider_.join();
  for (std::thread& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
  const MutexLock lock(mutex_);
  while (waiters_ > 0) changed_.wait(mutex_);
}

void CompactionDriver::Impl::wait() {
  ++waiters_;
  changed_.wait(mutex_);
  if (--waiters_ == 0 && closing_) changed_.notify_all();
}

void CompactionDriver::Impl::notify(TreeEventType type, uint64_t file_id) {
  const MutexLock lock(mutex_);
  if (events_.size() < kMaxEvents) events_.emplace(type, file_id);
  is_asked_ = true;
  changed_.notify_all();
}

Status CompactionDriver::Impl::compact_range(std::string_view start, std::string_view end) {
  const auto request = std::make_shared<ManualRequest>();
  request->start = start;
  request->end = end;
  const MutexLock lock(mutex_);
  if (!started_) return {StatusCode::CANCELLED, "compactions were not started"};
  manuals_.push_back(request);
  is_asked_ = true;
  changed_.notify_all();
  while (!request->is_done && !closing_) wait();
  if (!request->is_done) return {StatusCode::CANCELLED, "the engine is being closed"};
  return request->status;
}

Status CompactionDriver::Impl::wait_until_idle() {
  const MutexLock lock(mutex_);
  if (!started_) return {};
  const uint64_t failed_before = counters_.jobs_failed;
  const uint64_t round = rounds_begun_ + 1;
  events_.emplace(TreeEventType::kTimer, 0);
  is_asked_ = true;
  changed_.notify_all();
  while (!closing_ && quiet_round_ < round && !(pauses_ > 0 && !is_any_running())) {
    if (counters_.jobs_failed > failed_before) return last_failure_;
    wait();
  }
  return {};
}

void CompactionDriver::Impl::pause() {
  const MutexLock lock(mutex_);
  ++pauses_;
  while (is_any_running() && !closing_) wait();
  changed_.notify_all();
}

void CompactionDriver::Impl::resume() {
  const MutexLock lock(mutex_);
  KVHOST_ASSERT(pauses_ > 0, "compactions are resumed that were not paused");
  --pauses_;
  is_asked_ = true;
  changed_.notify_all();
}

void CompactionDriver::Impl::set_policy(std::shared_ptr<CompactionPolicy> policy,
                                        std::string name) {
  std::shared_ptr<PolicyRunner> next;
  if (policy != nullptr) next = std::make_shared<PolicyRunner>(std::move(policy), name);
  std::shared_ptr<PolicyRunner> previous;
  const VersionPtr version = dependencies_.versions.current();
  {
    const MutexLock lock(mutex_);
    if (closing_) return;
    previous = std::exchange(runner_, next);
    policy_name_ = next == nullptr ? std::string(kBuiltInName) : std::move(name);
    refused_plans_ = rescues_ = 0;
    progress_.begin(shape_of(*version));
    counters_.quarantined_policy.clear();
    counters_.quarantine_reason.clear();
    is_asked_ = true;
    changed_.notify_all();
  }
  // Whoever waits for the old one's answer need not.
  if (previous != nullptr) previous->interrupt();
}

CompactionStatistics CompactionDriver::Impl::statistics() const {
  const MutexLock lock(mutex_);
  CompactionStatistics statistics = counters_;
  statistics.pending_bytes = pending_bytes();
  statistics.running_jobs = active_.size();
  statistics.policy_name = policy_name_;
  return statistics;
}

TreeSnapshot CompactionDriver::Impl::tree() const {
  return tree_snapshot(*dependencies_.versions.current(), facts());
}

CompactionDriver::CompactionDriver(CompactionSettings settings, Dependencies dependencies,
                                   std::shared_ptr<CompactionPolicy> policy,
                                   std::string policy_name)
    : impl_(std::make_unique<Impl>(std::move(settings), dependencies, std::move(policy),
                                   std::move(policy_name))) {}
CompactionDriver::~CompactionDriver() { impl_->close(); }

void CompactionDriver::start() { impl_->start(); }
void CompactionDriver::close() { impl_->close(); }
void CompactionDriver::notify(TreeEventType type, uint64_t file_id) {
  impl_->notify(type, file_id);
}
Status CompactionDriver::compact_range(std::string_view start, std::string_view end) {
  return impl_->compact_range(start, end);
}
Status CompactionDriver::wait_until_idle() { return impl_->wait_until_idle(); }
void CompactionDriver::pause() { impl_->pause(); }
void CompactionDriver::resume() { impl_->resume(); }
void CompactionDriver::set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name) {
  impl_->set_policy(std::move(policy), std::move(name));
}
uint64_t CompactionDriver::pending_bytes() const { return impl_->pending_bytes(); }
CompactionStatistics CompactionDriver::statistics() const { return impl_->statistics(); }
TreeSnapshot CompactionDriver::tree() const { return impl_->tree(); }

}  // namespace kvhost::engine
