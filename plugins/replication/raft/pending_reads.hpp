// Read barriers of this node: waiting to be taken, being asked for (as a batch with a number), and
// granted but waiting until the state has reached their index.
//
// Threads:   any. Outcomes are told under no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "kvhost/replication.hpp"

namespace kvhost::raft {

class PendingReads {
 public:
  enum class Level : uint32_t { kQuorum = 0, kLeader = 1 };

  // OVERLOADED: nothing was taken.
  Status add(Level level, uint64_t deadline_ns, const BarrierDone& done);
  // Names all that wait; 0: nothing does.
  uint64_t take(Level level);
  // Grants a batch, as soon as index is applied, to be judged by now_ms.
  void ready(uint64_t batch, uint64_t index, uint64_t now_ms);
  void failed(uint64_t batch, const Status& status);
  // The state has reached index.
  void applied(uint64_t index, uint64_t now_ms);
  // Refuses what is late; returns the batches that are empty now.
  std::vector<uint64_t> expire(uint64_t now_ns);
  void refuse_all(const Status& status);
  // How many were refused since nobody with a majority behind it answered.
  uint64_t quorum_failures() const { return quorum_failures_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kMaxPending = 65'536;
  struct Read {
    BarrierDone done;
    uint64_t deadline_ns;
  };
  using Reads = std::vector<Read>;

  static void move_late(Reads& from, Reads& late, uint64_t now_ns);

  std::mutex mutex_;
  std::size_t count_ = 0;
  uint64_t next_batch_ = 1;
  uint64_t applied_ = 0;
  std::array<Reads, 2> waiting_;
  std::unordered_map<uint64_t, Reads> asked_;
  std::map<uint64_t, Reads> by_index_;
  std::atomic<uint64_t> quorum_failures_{0};
};

}  // namespace kvhost::raft
