#include "node/control_queue.hpp"

#include <future>
#include <memory>
#include <utility>

namespace kvhost::host {

void ControlQueue::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (queue_.empty()) {
      wake_.wait(lock);
      continue;
    }
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
  auto dropped = std::exchange(queue_, {});
  lock.unlock();
  dropped.clear();
}

void ControlQueue::request_stop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  wake_.notify_all();
}

bool ControlQueue::stop_requested() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

bool ControlQueue::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (stop_) return false;
  queue_.push_back(std::move(work));
  wake_.notify_all();
  return true;
}

Status ControlQueue::call(std::function<Status()> work) {
  const Status draining(StatusCode::DRAINING, "the node is shutting down");
  auto promise = std::make_shared<std::promise<Status>>();
  auto answer = promise->get_future();
  const bool posted =
      post([promise = std::move(promise), work = std::move(work)] { promise->set_value(work()); });
  if (!posted) return draining;
  try {
    return answer.get();
  } catch (const std::future_error&) {
    // The task was dropped, and its promise with it.
    return draining;
  }
}

}  // namespace kvhost::host
