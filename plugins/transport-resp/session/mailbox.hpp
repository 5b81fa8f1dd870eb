// What other threads hand to an I/O thread, and what that thread does later.
//
// Threads:   post() any; the rest the I/O thread.
// Lifetime:  a Task is run once per post or timer; whoever made it keeps it alive until then.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace kvhost::resp {

class Task {
 public:
  virtual void run() = 0;

 protected:
  ~Task() = default;
};

// Runs a function once, and goes.
class OnceTask final : public Task {
 public:
  explicit OnceTask(std::function<void()> work) : work_(std::move(work)) {}
  void run() override {
    const std::function<void()> work = std::move(work_);
    delete this;
    work();
  }

 private:
  std::function<void()> work_;
};

class Mailbox {
 public:
  // `wake` brings the I/O thread to run_all(), and does not block; it is called when the box was
  // empty.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(Task& task) {
    // Woken under the lock: the I/O thread may end, and this with it, as soon as it has the task.
    const std::lock_guard lock(mutex_);
    tasks_.push_back(&task);
    if (tasks_.size() == 1) wake_();
  }
  void post(std::function<void()> work) { post(*new OnceTask(std::move(work))); }

  // False when there was nothing to do.
  bool run_all() {
    {
      const std::lock_guard lock(mutex_);
      running_.swap(tasks_);
    }
    for (Task* const task : running_) task->run();
    const bool any = !running_.empty();
    running_.clear();
    return any;
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Task*> tasks_;
  std::vector<Task*> running_;
};

// Tasks for a time on CLOCK_MONOTONIC. One thread.
class TimerQueue {
 public:
  using Id = std::pair<uint64_t, uint64_t>;

  Id add(uint64_t at_ns, Task& task) {
    const Id id(at_ns, next_++);
    tasks_.emplace(id, &task);
    return id;
  }
  void cancel(Id id) { tasks_.erase(id); }
  std::optional<uint64_t> next_ns() const {
    return tasks_.empty() ? std::nullopt : std::optional(tasks_.begin()->first.first);
  }
  void run_due(uint64_t now_ns) {
    while (!tasks_.empty() && tasks_.begin()->first.first <= now_ns) {
      Task* const task = tasks_.begin()->second;
      tasks_.erase(tasks_.begin());
      task->run();
    }
  }

 private:
  std::map<Id, Task*> tasks_;
  uint64_t next_ = 0;
};

}  // namespace kvhost::resp
