// Requests that wait for their reply, by request id.
//
// Threads:   one at a time; the Channel guards it.
// Limits:    grows to the most requests that were ever in flight at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "kvhost/result.hpp"
#include "wire/frame.hpp"

namespace kvhost::client {

// Called once: with the reply's frame, which lives until it returns, or with why there is none.
using OnReply = std::function<void(Result<tcp::Frame>)>;
using TimePoint = std::chrono::steady_clock::time_point;

struct PendingRequest {
  OnReply done;
  TimePoint deadline;
  uint64_t stream_position = 0;  // of its first byte among all that is ever sent
  bool is_write = false;
};

class PendingRequests {
 public:
  // The request's id; never 0, and not used again for a long time.
  uint64_t add(PendingRequest request) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.request.emplace(std::move(request));
    ++count_;
    return id_of(index);
  }
  // Nothing for an id that is not pending: a late reply.
  std::optional<PendingRequest> take(uint64_t id) {
    const uint64_t index = (id & 0xffffffff) - 1;
    if (index >= slots_.size()) return std::nullopt;
    Slot& slot = slots_[index];
    if (!slot.request || id_of(static_cast<uint32_t>(index)) != id) return std::nullopt;
    return remove(static_cast<uint32_t>(index));
  }
  std::size_t count() const { return count_; }

  std::vector<PendingRequest> take_all() { return take_expired(TimePoint::max()); }
  std::vector<PendingRequest> take_expired(TimePoint now) {
    std::vector<PendingRequest> expired;
    for (uint32_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].request && slots_[i].request->deadline <= now) expired.push_back(remove(i));
    }
    return expired;
  }
  TimePoint earliest_deadline() const {
    TimePoint earliest = TimePoint::max();
    for (const auto& slot : slots_) {
      if (slot.request && slot.request->deadline < earliest) earliest = slot.request->deadline;
    }
    return earliest;
  }

 private:
  struct Slot {
    uint32_t generation = 0;
    std::optional<PendingRequest> request;
  };
  uint64_t id_of(uint32_t index) const {
    return (uint64_t{slots_[index].generation} << 32) | (uint64_t{index} + 1);
  }
  PendingRequest remove(uint32_t index) {
    Slot& slot = slots_[index];
    PendingRequest request = std::move(*slot.request);
    slot.request.reset();
    ++slot.generation;
    free_.push_back(index);
    --count_;
    return request;
  }

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::size_t count_ = 0;
};

}  // namespace kvhost::client
