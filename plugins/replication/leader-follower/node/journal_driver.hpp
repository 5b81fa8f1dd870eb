// Carries the protocol's journal operations out, in order, and tells how far all is durable.
//
// Appends go straight to the journal, which never blocks on them; what may block goes through a
// thread, and appends behind it follow there. A full disk is waited out: what was refused is tried
// again until there is space, and nothing is acknowledged meanwhile.
//
// Threads:   submit() and read() by one thread, the loop's; callbacks on the journal's thread or
//            the driver's own.
// Lifetime:  stop() before the journal is closed.
// Errors:    on_failure(status), once: the journal cannot go on.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kvhost/journal.hpp"
#include "node/work_thread.hpp"
#include "protocol/actions.hpp"
#include "protocol/replica_settings.hpp"

namespace kvhost::leader_follower {

class JournalDriver {
 public:
  struct Callbacks {
    std::function<void(uint64_t sequence)> on_done;
    std::function<void(Status)> on_failure;
    std::function<void(bool is_full)> on_full;
  };
  JournalDriver(Journal& journal, Callbacks callbacks);

  // What the journal holds; on the control thread, before anything is submitted. `state` is empty
  // for a new journal.
  struct Found {
    std::string state;
    std::vector<Entry> entries;
  };
  static Result<Found> recover(Journal& journal);
  // For a state that is made at the first start.
  static Status store_state(Journal& journal, const HardState& state);

  void submit(JournalOp op);
  void read(const LogRead& request, std::function<void(std::vector<Entry>)> done);
  // Waits for everything that was submitted.
  void stop();

 private:
  void run(JournalOp op);
  void append(JournalOp op);
  void appended(uint64_t sequence, const Status& status);
  Status reset(uint64_t index);
  void completed(uint64_t sequence);
  void failed(const Status& status);
  void try_again();

  Journal& journal_;
  const Callbacks callbacks_;
  std::mutex mutex_;
  std::deque<JournalOp> outstanding_;  // appends on their way; guarded by mutex_
  std::set<uint64_t> out_of_order_;    // guarded by mutex_
  uint64_t completed_ = 0;             // guarded by mutex_
  std::size_t in_call_ = 0;            // appends that the journal has not answered; guarded
  std::size_t queued_ = 0;             // operations in the thread's queue; guarded by mutex_
  bool is_retrying_ = false;           // guarded by mutex_
  bool has_failed_ = false;            // guarded by mutex_
  std::atomic<int64_t> offset_{0};     // journal index − log index
  WorkThread thread_{"kvhost-lf-disk"};
  WorkThread reader_{"kvhost-lf-read"};
};

}  // namespace kvhost::leader_follower
