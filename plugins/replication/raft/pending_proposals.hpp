// Proposals of this node: those that wait to be taken by the core, and all whose outcome is not
// told.
//
// Threads:   any. Outcomes are told under no lock.
// Limits:    kMaxPending proposals and kMaxWaitingBytes; beyond them a proposal is refused.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kvhost/replication.hpp"

namespace kvhost::raft {

class PendingProposals {
 public:
  static constexpr std::size_t kMaxPending = 65'536;
  static constexpr uint64_t kMaxWaitingBytes = uint64_t{512} << 20;

  // Numbers are told to other nodes and outlive this process in the log: they begin where no former
  // life of this node has been.
  explicit PendingProposals(uint64_t first_number) : next_number_(first_number) {}

  // Copies the batches; `done` hears each one's outcome. OVERLOADED: nothing was taken.
  Status add(std::span<const std::string_view> batches, uint64_t deadline_ns,
             const ProposalDone& done);

  uint64_t waiting_bytes() const;
  // Writes frames as raft_core.h has them, as many as fit.
  uint64_t take(char* buffer, uint64_t capacity);

  // Nothing happens when it was told before.
  void tell(uint64_t number, const Status& status, const kvh_result* result);
  // How many ended for lack of a quorum.
  uint64_t quorum_failures() const { return quorum_failures_.load(std::memory_order_relaxed); }

 private:
  struct Group;
  struct Entry {
    std::shared_ptr<Group> group;
    uint64_t offset = 0;
  };
  struct Waiting {
    uint64_t number = 0;
    uint64_t deadline_ns = 0;
    std::string batch;
  };

  mutable std::mutex mutex_;
  uint64_t next_number_;
  uint64_t waiting_bytes_ = 0;
  std::deque<Waiting> waiting_;
  std::unordered_map<uint64_t, Entry> pending_;
  std::atomic<uint64_t> quorum_failures_{0};
};

}  // namespace kvhost::raft
