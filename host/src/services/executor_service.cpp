#include "services/executor_service.hpp"

#include <pthread.h>

#include <memory>
#include <new>
#include <utility>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {

ExecutorService::ExecutorService(const ExecutorSettings& settings) {
  table_ = {sizeof(kvh_executor), 0, this,
            [](void* self, uint32_t lane, Task fn, void* ctx) noexcept {
              return static_cast<ExecutorService*>(self)->post(lane, fn, ctx);
            }};
  const std::array<LaneSettings, kLanes> lanes = {settings.read, settings.background};
  const std::array<std::string, kLanes> names = {"kvhost-read", "kvhost-work"};
  for (uint32_t i = 0; i < kLanes; ++i) {
    Lane& lane = lanes_[i];
    lane.limit = lanes[i].queue_limit;
    for (uint32_t t = 0; t < lanes[i].threads; ++t) {
      lane.threads.emplace_back([&lane, name = names[i]] { run(lane, name); });
    }
  }
}

ExecutorService::~ExecutorService() { stop(); }

int32_t ExecutorService::post(uint32_t lane_number, Task fn, void* ctx) noexcept {
  if (lane_number >= kLanes || fn == nullptr) return KVH_INVALID_ARGUMENT;
  Lane& lane = lanes_[lane_number];
  try {
    const std::lock_guard lock(lane.mutex);
    if (lane.stopped) return KVH_DRAINING;
    if (lane.queue.size() >= lane.limit) return KVH_OVERLOADED;
    lane.queue.emplace_back(fn, ctx);
  } catch (const std::bad_alloc&) {
    return KVH_OUT_OF_MEMORY;
  }
  lane.wake.notify_one();
  return KVH_OK;
}

Status ExecutorService::post(uint32_t lane, std::function<void()> work) {
  auto owned = std::make_unique<std::function<void()>>(std::move(work));
  const int32_t code = post(
      lane,
      [](void* ctx) noexcept {
        const std::unique_ptr<std::function<void()>> mine(static_cast<std::function<void()>*>(ctx));
        detail::swallowed(*mine);
      },
      owned.get());
  if (code == KVH_OK) {
    (void)owned.release();
    return {};
  }
  return {static_cast<StatusCode>(code),
          lane == KVH_LANE_READ ? "the queue of reads that wait for the disk is full or closed"
                                : "the queue of background work is full or closed"};
}

std::size_t ExecutorService::queued(uint32_t lane) const {
  if (lane >= kLanes) return 0;
  const std::lock_guard lock(lanes_[lane].mutex);
  return lanes_[lane].queue.size();
}

void ExecutorService::stop() {
  for (Lane& lane : lanes_) {
    {
      const std::lock_guard lock(lane.mutex);
      lane.stopped = true;
    }
    lane.wake.notify_all();
  }
  for (Lane& lane : lanes_) {
    for (auto& thread : lane.threads) {
      if (thread.joinable()) thread.join();
    }
  }
}

void ExecutorService::run(Lane& lane, const std::string& name) {
  pthread_setname_np(pthread_self(), name.c_str());
  std::unique_lock lock(lane.mutex);
  while (true) {
    lane.wake.wait(lock, [&] { return lane.stopped || !lane.queue.empty(); });
    if (lane.queue.empty()) return;
    const auto [fn, ctx] = lane.queue.front();
    lane.queue.pop_front();
    lock.unlock();
    fn(ctx);
    lock.lock();
  }
}

}  // namespace kvhost::host
