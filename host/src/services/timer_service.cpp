#include "services/timer_service.hpp"

#include <pthread.h>

#include <chrono>
#include <new>

namespace kvhost::host {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t now_ns() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
          .count());
}

// Far enough for any timer, near enough for steady_clock's arithmetic.
constexpr uint64_t kLongestDelayNs = uint64_t{10} * 365 * 24 * 3600 * 1'000'000'000;

}  // namespace

TimerService::TimerService() {
  table_ = {sizeof(kvh_timer), 0, this,
            [](void* self, uint64_t delay_ns, Callback fn, void* ctx) noexcept {
              return static_cast<TimerService*>(self)->after(delay_ns, fn, ctx);
            },
            [](void* self, uint64_t id) noexcept -> int32_t {
              return static_cast<TimerService*>(self)->cancel(id) ? 1 : 0;
            }};
  thread_ = std::thread([this] { run(); });
}

TimerService::~TimerService() { stop(); }

uint64_t TimerService::after(uint64_t delay_ns, Callback fn, void* ctx) noexcept {
  if (fn == nullptr) return 0;
  const uint64_t due = now_ns() + (delay_ns < kLongestDelayNs ? delay_ns : kLongestDelayNs);
  try {
    const std::lock_guard lock(mutex_);
    if (stopped_) return 0;
    const uint64_t id = next_id_++;
    const auto place = due_.emplace(due, id).first;
    try {
      entries_.emplace(id, Entry{due, fn, ctx});
    } catch (...) {
      due_.erase(place);
      throw;
    }
    if (place == due_.begin()) wake_.notify_one();
    return id;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

bool TimerService::cancel(uint64_t id) noexcept {
  std::unique_lock lock(mutex_);
  if (const auto found = entries_.find(id); found != entries_.end()) {
    due_.erase({found->second.due_ns, id});
    entries_.erase(found);
    return true;
  }
  if (std::this_thread::get_id() != thread_.get_id()) {
    finished_.wait(lock, [&] { return running_id_ != id; });
  }
  return false;
}

void TimerService::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TimerService::run() {
  pthread_setname_np(pthread_self(), "kvhost-timer");
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (due_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto [due, id] = *due_.begin();
    if (due > now_ns()) {
      wake_.wait_until(lock, Clock::time_point(std::chrono::nanoseconds(due)));
      continue;
    }
    const Entry entry = entries_.at(id);
    due_.erase(due_.begin());
    entries_.erase(id);
    running_id_ = id;
    lock.unlock();
    entry.fn(entry.ctx);
    lock.lock();
    running_id_ = 0;
    finished_.notify_all();
  }
}

}  // namespace kvhost::host
