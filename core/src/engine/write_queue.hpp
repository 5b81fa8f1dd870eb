// Where writers wait for their turn, and who leads: at any time at most one thread, the leader,
// carries out a group of waiting requests for everybody. A caller that waits anyway becomes the
// leader; only when nobody but asynchronous requests wait does the engine's commit thread lead.
//
// Threads:   any. take(), finish() and give_up_lead() by the leader alone.
// Lifetime:  a synchronous request lives on its caller's stack until enter() returns kDone; an
//            asynchronous one belongs to the queue, and after finish() to whoever takes
//            completions.
// Limits:    kMaxWaiting requests or kMaxWaitingBytes of asynchronous batches; beyond it submit()
//            refuses. Synchronous callers are limited by their number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

struct WriteRequest {
  enum class State : uint8_t { kWaiting, kTaken, kLeads, kDone };

  std::string_view batch;
  uint64_t deadline_ns = 0;
  bool sync = false;
  Result<WriteResult> outcome = WriteResult{};

  // Asynchronous requests own their bytes and end in a call.
  std::string owned_batch;
  WriteCallback done;
  bool is_async() const { return static_cast<bool>(done); }

  // The queue's own.
  std::atomic<State> state{State::kWaiting};
  WriteRequest* next = nullptr;
  CondVar wake;
};

// Requests in order; borrowed.
class WriteGroup {
 public:
  void push_back(WriteRequest* request);
  WriteRequest* front() const { return first_; }
  bool empty() const { return first_ == nullptr; }

  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    for (WriteRequest* one = first_; one != nullptr;) {
      WriteRequest* const following = one->next;
      visit(*one);
      one = following;
    }
  }

 private:
  WriteRequest* first_ = nullptr;
  WriteRequest* last_ = nullptr;
};

class WriteQueue {
 public:
  static constexpr std::size_t kMaxWaiting = 65536;
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 20;
  // A group ends when it has grown to this.
  static constexpr std::size_t kMaxGroupBytes = std::size_t{1} << 20;

  // `is_quick`: a group takes microseconds, so that a caller looks a while before it sleeps.
  explicit WriteQueue(Clock& clock, bool is_quick = false) : clock_(clock), is_quick_(is_quick) {}

  enum class Turn : uint8_t { kDone, kLead };
  // Waits until the request is done (or refused: closed, overdue) or its caller shall lead. The
  // leader's own request stays in the queue until take().
  Turn enter(WriteRequest& request);
  // The same for a request that is in the queue already: its caller led, and others were served.
  Turn wait_again(WriteRequest& request);
  // OVERLOADED or CANCELLED: the request was not taken in, and `request` is untouched.
  Status submit(std::unique_ptr<WriteRequest>& request);

  // For the commit thread: returns when it shall lead (true) or there are completions to deliver or
  // the queue was closed and is empty (false).
  bool wait_for_async_turn();
  std::vector<std::unique_ptr<WriteRequest>> take_completions();
  bool is_finished() const;

  // Becomes the leader without a request of its own; waits as long as it takes.
  void lead();
  // The same without sleeping: false when somebody leads, waits, or the queue is closed. Who leads
  // by this call, too, is given a few turns of the processor to end.
  bool try_lead();

  // Leader: detaches the next group. Requests that are overdue come back done. May be empty.
  WriteGroup take();
  // Leader: refuses waiting requests that are overdue, its own (`mine`) included. True when the
  // leader has only to give up its lead: its own request is refused, or (without one: it is the
  // commit thread) there are completions to deliver.
  bool refuse_overdue(WriteRequest* mine);
  // Leader: every outcome of the group is set. Wakes their callers and hands the lead on.
  void finish(const WriteGroup& group);
  void give_up_lead();

  // Refuses what comes from now on; what waits is still served.
  void close();
  // After close(): returns when everything was served and nobody leads.
  void wait_until_drained();

 private:
  Turn wait(WriteRequest& request) KVHOST_REQUIRES(mutex_);
  // Returns when the request is done, leads, or the call has looked for long enough.
  static void look_at(const WriteRequest& request);
  void push(WriteRequest* request) KVHOST_REQUIRES(mutex_);
  bool remove(WriteRequest* request) KVHOST_REQUIRES(mutex_);
  void complete(WriteRequest& request) KVHOST_REQUIRES(mutex_);
  void hand_on() KVHOST_REQUIRES(mutex_);
  bool is_overdue(const WriteRequest& request, uint64_t now_ns) const;
  static Status overdue();
  static Status closed();

  Clock& clock_;
  const bool is_quick_;
  mutable Mutex mutex_;
  WriteRequest* first_ KVHOST_GUARDED_BY(mutex_) = nullptr;
  WriteRequest* last_ KVHOST_GUARDED_BY(mutex_) = nullptr;
  bool has_leader_ KVHOST_GUARDED_BY(mutex_) = false;
  // It came by try_lead().
  bool has_quick_leader_ KVHOST_GUARDED_BY(mutex_) = false;
  bool is_closed_ KVHOST_GUARDED_BY(mutex_) = false;
  uint32_t outsiders_ KVHOST_GUARDED_BY(mutex_) = 0;  // threads in lead()
  std::size_t waiting_ KVHOST_GUARDED_BY(mutex_) = 0;
  std::size_t async_bytes_ KVHOST_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<WriteRequest>> completions_ KVHOST_GUARDED_BY(mutex_);
  CondVar commit_thread_;
  CondVar lead_free_;
};

}  // namespace kvhost::engine
