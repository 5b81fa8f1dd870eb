#include "compaction/policy_runner.hpp"

#include <deque>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.hpp"
#include "base/thread_name.hpp"

namespace kvhost::engine {
namespace {

struct Question {
  std::shared_ptr<const OwnedTree> tree;
  std::vector<OwnedEvent> events;
  Deadline deadline;
};

Result<PolicyAnswer> call_policy(CompactionPolicy& policy, const Question& question) {
  std::vector<TreeEvent> events;
  events.reserve(question.events.size());
  for (const OwnedEvent& event : question.events) {
    events.push_back({event.type, event.file_id, event.start, event.end});
  }
  const TreeView& view = question.tree->view();
  KVHOST_TRY_ASSIGN(Plan plan, policy.plan(view, events, question.deadline));
  return PolicyAnswer{std::move(plan), policy.pressure(view)};
}

// What is thrown must not leave the thread that the policy runs on.
template <typename Call>
auto caught(Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return Status(StatusCode::PLUGIN_ERROR,
                  std::string("the compaction policy threw: ") + thrown.what());
  } catch (...) {
    return Status(StatusCode::PLUGIN_ERROR, "the compaction policy threw something unknown");
  }
}

}  // namespace

// Shared by the runner and its thread, whichever lives longer.
struct PolicyRunner::State {
  explicit State(std::shared_ptr<CompactionPolicy> the_policy) : policy(std::move(the_policy)) {}

  const std::shared_ptr<CompactionPolicy> policy;
  std::thread thread;

  Mutex mutex;
  CondVar changed;
  bool stopping KVHOST_GUARDED_BY(mutex) = false;
  bool interrupted KVHOST_GUARDED_BY(mutex) = false;
  // The thread is inside the policy.
  bool in_call KVHOST_GUARDED_BY(mutex) = false;
  std::optional<Question> question KVHOST_GUARDED_BY(mutex);
  std::optional<Result<PolicyAnswer>> answer KVHOST_GUARDED_BY(mutex);
  std::deque<JobReport> reports KVHOST_GUARDED_BY(mutex);
  // A throw of job_done(), told with the next answer.
  Status report_failure KVHOST_GUARDED_BY(mutex);

  void serve();
  // Opens the mutex around each call.
  void deliver_reports() KVHOST_REQUIRES(mutex);
};

void PolicyRunner::State::deliver_reports() {
  while (!reports.empty() && !stopping) {
    const JobReport report = std::move(reports.front());
    reports.pop_front();
    in_call = true;
    mutex.unlock();
    const Status told = caught([&]() -> Status {
      policy->job_done(report);
      return {};
    });
    mutex.lock();
    in_call = false;
    if (!told.is_ok()) report_failure = told;
  }
}

void PolicyRunner::State::serve() {
  set_thread_name("kvh-policy");
  MutexLock lock(mutex);
  while (!stopping) {
    deliver_reports();
    if (stopping) break;
    if (!question) {
      if (reports.empty()) changed.wait(mutex);
      continue;
    }
    const Question asked = std::move(*question);
    question.reset();
    in_call = true;
    lock.unlock();
    Result<PolicyAnswer> given = caught([&] { return call_policy(*policy, asked); });
    lock.lock();
    in_call = false;
    answer = report_failure.is_ok() ? std::move(given) : Result<PolicyAnswer>(report_failure);
    changed.notify_all();
  }
}

PolicyRunner::PolicyRunner(std::shared_ptr<CompactionPolicy> policy, std::string name)
    : name_(std::move(name)), state_(std::make_shared<State>(std::move(policy))) {
  state_->thread = std::thread([state = state_] { state->serve(); });
}

PolicyRunner::~PolicyRunner() {
  bool hangs = false;
  {
    const MutexLock lock(state_->mutex);
    state_->stopping = true;
    hangs = state_->in_call;
    state_->changed.notify_all();
  }
  if (hangs) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

Result<PolicyAnswer> PolicyRunner::ask(std::shared_ptr<const OwnedTree> tree,
                                       std::vector<OwnedEvent> events,
                                       std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(state_->mutex);
  state_->answer.reset();
  state_->question = Question{std::move(tree), std::move(events), deadline};
  state_->changed.notify_all();
  while (!state_->answer && !state_->interrupted) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) {
      state_->question.reset();
      return Status(StatusCode::DEADLINE_EXCEEDED, "the compaction policy did not answer within " +
                                                       std::to_string(timeout.count()) + " ms");
    }
    state_->changed.wait_for(state_->mutex, left);
  }
  if (!state_->answer) return Status(StatusCode::CANCELLED, "the compaction policy is not awaited");
  Result<PolicyAnswer> answer = std::move(*state_->answer);
  state_->answer.reset();
  return answer;
}

void PolicyRunner::report(JobReport report) {
  const MutexLock lock(state_->mutex);
  if (state_->reports.size() == kMaxReports) state_->reports.pop_front();
  state_->reports.push_back(std::move(report));
  state_->changed.notify_all();
}

void PolicyRunner::interrupt() {
  const MutexLock lock(state_->mutex);
  state_->interrupted = true;
  state_->changed.notify_all();
}

}  // namespace kvhost::engine
