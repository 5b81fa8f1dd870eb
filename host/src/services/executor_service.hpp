// kvhost.executor/1: threads that may block, in lanes with a bounded queue each. Reads that need
// the disk run on the lane KVH_LANE_READ, long work on KVH_LANE_BACKGROUND.
//
// Threads:   any.
// Lifetime:  what post() took runs exactly once, at the latest inside stop().
// Errors:    post() answers OVERLOADED when the lane's queue is full, DRAINING after stop() began,
//            INVALID_ARGUMENT for a lane that does not exist: then nothing runs.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kvhost/abi/host.h"
#include "kvhost/status.hpp"

namespace kvhost::host {

struct LaneSettings {
  uint32_t threads = 1;
  std::size_t queue_limit = 1;
};

struct ExecutorSettings {
  LaneSettings read{4, 8192};
  LaneSettings background{2, 256};
};

class ExecutorService {
 public:
  using Task = void (*)(void* ctx) KVH_NOEXCEPT;
  static constexpr uint32_t kLanes = 2;

  explicit ExecutorService(const ExecutorSettings& settings);
  ~ExecutorService();
  ExecutorService(const ExecutorService&) = delete;
  ExecutorService& operator=(const ExecutorService&) = delete;

  // KVH_OK, or why `fn` will not run.
  int32_t post(uint32_t lane, Task fn, void* ctx) noexcept;
  Status post(uint32_t lane, std::function<void()> work);
  std::size_t queued(uint32_t lane) const;
  void stop();

  const kvh_executor* table() const { return &table_; }

 private:
  struct Lane {
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::pair<Task, void*>> queue;
    std::size_t limit = 0;
    bool stopped = false;
    std::vector<std::thread> threads;
  };
  static void run(Lane& lane, const std::string& name);

  std::array<Lane, kLanes> lanes_;
  kvh_executor table_;
};

}  // namespace kvhost::host
