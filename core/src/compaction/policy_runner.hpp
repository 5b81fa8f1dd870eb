// Runs a policy on a thread of its own, so that one that hangs holds up nobody: the answer is given
// up at the deadline, and the thread is left behind with all that it can touch.
//
// Threads:   any; one ask() at a time.
// Lifetime:  shares the policy with its thread. The destructor joins the thread, unless it is
// inside
//            the policy: then it is detached and ends by itself when the policy returns.
// Errors:    of ask(): DEADLINE_EXCEEDED (the policy was too slow), PLUGIN_ERROR (it threw), what
// the
//            policy returned, CANCELLED (interrupt() was called). After the first two the runner is
//            of no more use.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "compaction/tree_view_builder.hpp"
#include "kvhost/compaction.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// A TreeEvent that owns its keys.
struct OwnedEvent {
  TreeEventType type = TreeEventType::kTimer;
  uint64_t file_id = 0;
  std::string start;
  std::string end;
};

struct PolicyAnswer {
  Plan plan;
  Pressure pressure;
};

class PolicyRunner {
 public:
  PolicyRunner(std::shared_ptr<CompactionPolicy> policy, std::string name);
  ~PolicyRunner();
  PolicyRunner(const PolicyRunner&) = delete;
  PolicyRunner& operator=(const PolicyRunner&) = delete;

  const std::string& name() const { return name_; }
  // Calls plan() and pressure() and waits for at most `timeout`.
  Result<PolicyAnswer> ask(std::shared_ptr<const OwnedTree> tree, std::vector<OwnedEvent> events,
                           std::chrono::milliseconds timeout);
  // Has job_done() called before the next plan(). Beyond kMaxReports the oldest is dropped.
  void report(JobReport report);
  // Ends the waiting of ask(), now and from now on.
  void interrupt();

  static constexpr std::size_t kMaxReports = 256;

 private:
  struct State;

  const std::string name_;
  const std::shared_ptr<State> state_;
};

}  // namespace kvhost::engine
