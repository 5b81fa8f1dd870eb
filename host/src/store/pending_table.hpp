// The calls that are pending, so that deadlines, cancels and the stop find them.
//
// Threads:   any. Spread over shards by session.
// Lifetime:  the timer outlives it; stop() comes before the end of both.
// Errors:    add() answers OVERLOADED past the limit.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "services/timer_service.hpp"
#include "store/activity_count.hpp"
#include "store/pending_call.hpp"

namespace kvhost::host {

class PendingTable {
 public:
  // Deadlines are kept to this.
  static constexpr uint64_t kTickNs = 5'000'000;

  PendingTable(TimerService& timer, std::shared_ptr<StoreCounters> counters, uint32_t limit)
      : timer_(timer), counters_(std::move(counters)), limit_(limit) {}
  ~PendingTable() { stop(); }
  PendingTable(const PendingTable&) = delete;
  PendingTable& operator=(const PendingTable&) = delete;

  // Takes a reference of its own.
  Status add(PendingCall& call);
  void cancel(uint64_t session, uint64_t token);
  // Returns when nothing is pending; what still is at the deadline is completed as kStopped.
  void drain(std::chrono::steady_clock::time_point deadline);
  // Completes everything that is pending, and no deadline is watched any more.
  void stop();

  uint64_t size() const { return pending_.count(); }

 private:
  friend class PendingCall;
  static constexpr std::size_t kShards = 32;
  struct alignas(64) Shard {
    std::mutex mutex;
    PendingCall* first = nullptr;
    uint64_t earliest_ns = UINT64_MAX;
  };

  Shard& shard_of(const PendingCall& call) {
    return shards_[call.facts().session * 0x9E3779B97F4A7C15u >> 59];
  }
  void remove(PendingCall& call);
  void count(const PendingFacts& facts, int32_t status);
  void unlink(Shard& shard, PendingCall& call);
  template <typename Select>
  void abandon(Shard& shard, Abandon why, Select&& select);
  void abandon_all();
  void sweep();
  void arm();

  TimerService& timer_;
  const std::shared_ptr<StoreCounters> counters_;
  const uint32_t limit_;
  std::array<Shard, kShards> shards_;
  ActivityCount pending_;

  std::atomic<bool> armed_{false};
  std::mutex timer_mutex_;
  uint64_t timer_id_ = 0;
  bool stopped_ = false;
};

}  // namespace kvhost::host
