#include "engine/write_queue.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/assert.hpp"

namespace kvhost::engine {

using State = WriteRequest::State;

namespace {

// Some microseconds.
constexpr int kLooks = 200;
// How often a thread that could write at once lets others run before it goes the long way.
constexpr int kYields = 20;

// Between two looks at what another thread is about to change.
void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void WriteGroup::push_back(WriteRequest* request) {
  request->next = nullptr;
  if (last_ == nullptr) {
    first_ = request;
  } else {
    last_->next = request;
  }
  last_ = request;
}

Status WriteQueue::overdue() {
  return {StatusCode::DEADLINE_EXCEEDED,
          "the write's deadline passed while it waited for its turn; it was not executed"};
}

Status WriteQueue::closed() {
  return {StatusCode::CANCELLED, "the engine is closed; the write was not executed"};
}

bool WriteQueue::is_overdue(const WriteRequest& request, uint64_t now_ns) const {
  return request.deadline_ns != 0 && request.deadline_ns <= now_ns;
}

void WriteQueue::push(WriteRequest* request) {
  request->next = nullptr;
  request->state = State::kWaiting;
  (last_ == nullptr ? first_ : last_->next) = request;
  last_ = request;
  ++waiting_;
}

bool WriteQueue::remove(WriteRequest* request) {
  WriteRequest* before = nullptr;
  for (WriteRequest* one = first_; one != nullptr; before = one, one = one->next) {
    if (one != request) continue;
    (before == nullptr ? first_ : before->next) = one->next;
    if (last_ == one) last_ = before;
    --waiting_;
    return true;
  }
  return false;
}

WriteQueue::Turn WriteQueue::enter(WriteRequest& request) {
  MutexLock lock(mutex_);
  if (is_closed_) {
    request.outcome = closed();
    return Turn::kDone;
  }
  push(&request);
  if (!has_leader_ && outsiders_ == 0) {
    has_leader_ = true;
    request.state = State::kLeads;
    return Turn::kLead;
  }
  if (is_quick_) {
    lock.unlock();
    look_at(request);
    lock.lock();
  }
  return wait(request);
}

WriteQueue::Turn WriteQueue::wait_again(WriteRequest& request) {
  if (is_quick_) look_at(request);
  MutexLock lock(mutex_);
  return wait(request);
}

// Sleeping and being woken cost more than a group that is in memory. Whatever is seen, the lock is
// taken before the request goes: who completes it holds that until it has let go of it.
void WriteQueue::look_at(const WriteRequest& request) {
  for (int look = 0; look < kLooks; ++look) {
    const State seen = request.state.load(std::memory_order_relaxed);
    if (seen == State::kDone || seen == State::kLeads) return;
    pause_briefly();
  }
}

WriteQueue::Turn WriteQueue::wait(WriteRequest& request) {
  while (true) {
    if (request.state == State::kDone) return Turn::kDone;
    if (request.state == State::kLeads) return Turn::kLead;
    if (request.deadline_ns == 0 || request.state == State::kTaken) {
      request.wake.wait(mutex_);
      continue;
    }
    const uint64_t now_ns = clock_.monotonic_ns();
    if (is_overdue(request, now_ns)) {
      KVHOST_ASSERT(remove(&request), "a waiting request is in the queue");
      request.outcome = overdue();
      return Turn::kDone;
    }
    request.wake.wait_for(mutex_, std::chrono::nanoseconds(request.deadline_ns - now_ns));
  }
}

Status WriteQueue::submit(std::unique_ptr<WriteRequest>& request) {
  MutexLock lock(mutex_);
  if (is_closed_) return closed();
  if (waiting_ >= kMaxWaiting || async_bytes_ + request->batch.size() > kMaxWaitingBytes) {
    return {StatusCode::OVERLOADED, "the write queue is full: " + std::to_string(waiting_) +
                                        " requests and " + std::to_string(async_bytes_) +
                                        " bytes wait"};
  }
  async_bytes_ += request->batch.size();
  push(request.release());
  if (!has_leader_) commit_thread_.notify_one();
  return Status::ok();
}

bool WriteQueue::wait_for_async_turn() {
  MutexLock lock(mutex_);
  while (true) {
    if (!completions_.empty()) return false;
    if (first_ != nullptr && !has_leader_ && outsiders_ == 0) {
      has_leader_ = true;
      return true;
    }
    if (is_closed_ && first_ == nullptr && !has_leader_) return false;
    commit_thread_.wait(mutex_);
  }
}

std::vector<std::unique_ptr<WriteRequest>> WriteQueue::take_completions() {
  MutexLock lock(mutex_);
  return std::exchange(completions_, {});
}

bool WriteQueue::is_finished() const {
  MutexLock lock(mutex_);
  return is_closed_ && first_ == nullptr && !has_leader_ && completions_.empty();
}

void WriteQueue::lead() {
  MutexLock lock(mutex_);
  ++outsiders_;
  while (has_leader_) lead_free_.wait(mutex_);
  --outsiders_;
  has_leader_ = true;
}

bool WriteQueue::try_lead() {
  MutexLock lock(mutex_);
  // Who else writes at once is done sooner than a thread could be woken.
  for (int look = 0; look < kYields && has_quick_leader_; ++look) {
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
  if (is_closed_ || has_leader_ || first_ != nullptr || outsiders_ > 0) return false;
  has_leader_ = has_quick_leader_ = true;
  return true;
}

WriteGroup WriteQueue::take() {
  WriteGroup group;
  std::size_t bytes = 0;
  MutexLock lock(mutex_);
  while (first_ != nullptr && (group.empty() || bytes + first_->batch.size() <= kMaxGroupBytes)) {
    WriteRequest* const request = first_;
    first_ = request->next;
    if (first_ == nullptr) last_ = nullptr;
    --waiting_;
    if (request->is_async()) async_bytes_ -= request->batch.size();
    request->state = State::kTaken;
    // The clock is asked only where there is a deadline.
    if (request->deadline_ns != 0 && is_overdue(*request, clock_.monotonic_ns())) {
      request->outcome = overdue();
      request->batch = {};
    }
    bytes += request->batch.size();
    group.push_back(request);
  }
  return group;
}

bool WriteQueue::refuse_overdue(WriteRequest* mine) {
  const uint64_t now_ns = clock_.monotonic_ns();
  MutexLock lock(mutex_);
  WriteRequest* one = first_;
  while (one != nullptr) {
    WriteRequest* const following = one->next;
    if (one->is_async() && is_overdue(*one, now_ns)) {
      remove(one);
      async_bytes_ -= one->batch.size();
      one->outcome = overdue();
      complete(*one);
    }
    one = following;
  }
  if (mine == nullptr) return !completions_.empty();
  if (!is_overdue(*mine, now_ns)) return false;
  remove(mine);
  mine->outcome = overdue();
  return true;
}

// Under the lock: a synchronous caller may be gone as soon as it sees kDone.
void WriteQueue::complete(WriteRequest& request) {
  if (request.is_async()) {
    completions_.emplace_back(&request);
    commit_thread_.notify_one();
    return;
  }
  request.state = State::kDone;
  request.wake.notify_one();
}

void WriteQueue::finish(const WriteGroup& group) {
  MutexLock lock(mutex_);
  group.for_each([&](WriteRequest& request)
                     KVHOST_NO_THREAD_SAFETY_ANALYSIS { complete(request); });
  hand_on();
}

void WriteQueue::give_up_lead() {
  MutexLock lock(mutex_);
  hand_on();
}

void WriteQueue::hand_on() {
  has_leader_ = has_quick_leader_ = false;
  if (outsiders_ > 0) {
    lead_free_.notify_all();
    return;
  }
  for (WriteRequest* one = first_; one != nullptr; one = one->next) {
    if (one->is_async()) continue;
    has_leader_ = true;
    one->state = State::kLeads;
    one->wake.notify_one();
    return;
  }
  if (first_ != nullptr || is_closed_) commit_thread_.notify_one();
  if (is_closed_) lead_free_.notify_all();
}

void WriteQueue::close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  commit_thread_.notify_one();
}

void WriteQueue::wait_until_drained() {
  MutexLock lock(mutex_);
  while (first_ != nullptr || has_leader_ || !completions_.empty()) {
    lead_free_.wait_for(mutex_, std::chrono::milliseconds(10));
  }
}

}  // namespace kvhost::engine
