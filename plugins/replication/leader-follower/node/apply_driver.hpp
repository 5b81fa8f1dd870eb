// Applies committed entries to the host's state machine, on a thread of its own, and hands the
// results to whom the batches belong.
//
// Threads:   submit() and run() by one thread, the loop's; results and callbacks on the driver's.
// Lifetime:  stop() applies what was submitted.
// Errors:    on_failure(status), once: the state machine cannot go on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kvhost/replication.hpp"
#include "node/work_thread.hpp"
#include "protocol/actions.hpp"

namespace kvhost::leader_follower {

// A proposal under way: this node's own, or one that another node forwarded.
struct Proposal {
  Origin origin;
  std::optional<ProposalDone> done;   // own
  std::vector<std::string> outcomes;  // forwarded: encoded
  uint64_t count = 0;
  uint64_t handed_out = 0;  // the loop's
  uint64_t finished = 0;    // the loop's while nothing is handed out, then the applying thread's
  Nanos deadline = 0;
};

// An entry to apply, and whose batch it is.
struct ApplyItem {
  Entry entry;
  std::shared_ptr<Proposal> proposal;  // null: nobody's here
  uint64_t offset = 0;
};

class ApplyDriver {
 public:
  struct Callbacks {
    std::function<void(uint64_t index)> on_applied;
    // A forwarded proposal is done.
    std::function<void(std::shared_ptr<Proposal>)> on_outcomes;
    std::function<void(Status)> on_failure;
  };
  ApplyDriver(StateMachine machine, Callbacks callbacks)
      : machine_(machine), callbacks_(std::move(callbacks)) {}

  void submit(uint64_t incarnation, std::vector<ApplyItem> items);
  // Runs after everything submitted before, and before everything after.
  void run(std::function<void()> work) { thread_.post(std::move(work)); }
  void stop() { thread_.stop(); }

 private:
  void apply(uint64_t incarnation, std::vector<ApplyItem>& items);
  void take_result(ApplyItem& item, const Status& status, const kvh_result* result);

  const StateMachine machine_;
  const Callbacks callbacks_;
  bool has_failed_ = false;  // the thread's
  WorkThread thread_{"kvhost-lf-apply"};
};

}  // namespace kvhost::leader_follower
