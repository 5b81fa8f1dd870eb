// A call of the store's table that answered KVH_PENDING: it completes exactly once, by whoever
// takes it out of the table of pending calls first (the work, the deadline, a cancel, or the stop).
//
// Threads:   any. `done` is called under no lock, by the thread that took the call.
// Lifetime:  counted references: the table holds one while the call is in it, whoever works on it
//            another. Work that comes too late finds the call taken and drops its result.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "kvhost/abi/types.h"
#include "kvhost/status.hpp"
#include "store/store_counters.hpp"

namespace kvhost::host {

class PendingTable;

enum class Abandon : uint8_t { kDeadline, kCancelled, kStopped };

uint64_t monotonic_ns();

struct PendingFacts {
  RequestKind kind = RequestKind::kGet;
  uint64_t session = 0;
  uint64_t token = 0;
  uint64_t deadline_ns = UINT64_MAX;  // when the table gives it up
  uint64_t started_ns = 0;
  kvh_done done{};
};

class PendingCall {
 public:
  PendingCall(PendingTable& table, const PendingFacts& facts) : table_(table), facts_(facts) {}
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  // What the call completes with when it is given up.
  virtual Status abandoned(Abandon why) const = 0;

  // True for exactly one caller, who then completes it.
  bool take();
  bool is_taken() const { return taken_.load(std::memory_order_acquire); }
  // Requires take(). Results have been given to the sink before.
  void finish(const Status& status);
  // Requires take(). The call is answered and counted where it was made: `done` is not called.
  void withdraw();
  const PendingFacts& facts() const { return facts_; }

  void ref() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void unref() {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 protected:
  virtual ~PendingCall() = default;

 private:
  friend class PendingTable;

  PendingTable& table_;
  const PendingFacts facts_;
  std::atomic<uint32_t> refs_{1};
  // Decides who completes; a call that is taken never looks at the table again but to leave it.
  std::atomic<bool> taken_{false};
  // Under the shard's mutex.
  PendingCall* next_ = nullptr;
  PendingCall* previous_ = nullptr;
};

// Holds one reference.
template <typename Call>
class CallRef {
 public:
  CallRef() = default;
  // Takes over a reference that the caller has.
  static CallRef adopt(Call* call) { return CallRef(call); }
  static CallRef share(Call* call) {
    call->ref();
    return CallRef(call);
  }
  CallRef(CallRef&& other) noexcept : call_(other.call_) { other.call_ = nullptr; }
  CallRef(const CallRef& other) : call_(other.call_) {
    if (call_ != nullptr) call_->ref();
  }
  CallRef& operator=(CallRef other) noexcept {
    std::swap(call_, other.call_);
    return *this;
  }
  ~CallRef() {
    if (call_ != nullptr) call_->unref();
  }
  Call* operator->() const { return call_; }
  Call& operator*() const { return *call_; }
  Call* get() const { return call_; }
  // Gives the reference to the caller.
  Call* release() {
    Call* call = call_;
    call_ = nullptr;
    return call;
  }

 private:
  explicit CallRef(Call* call) : call_(call) {}
  Call* call_ = nullptr;
};

}  // namespace kvhost::host
