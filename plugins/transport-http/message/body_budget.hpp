// One limit on the bytes of request bodies that all connections hold together, so that many clients
// cannot do what the limit of one body forbids to one.
//
// Threads:   BodyBudget any; BodyLease one.
// Lifetime:  the budget outlives its leases.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace kvhost::http {

class BodyBudget {
 public:
  explicit BodyBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}

  // False, and nothing taken, when that would pass the limit.
  bool take(uint64_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// One body's share; gives it back when it goes.
class BodyLease {
 public:
  BodyLease() = default;
  explicit BodyLease(BodyBudget* budget) : budget_(budget) {}
  BodyLease(BodyLease&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), taken_(std::exchange(other.taken_, 0)) {}
  BodyLease& operator=(BodyLease&& other) noexcept {
    if (this != &other) {
      release();
      budget_ = std::exchange(other.budget_, nullptr);
      taken_ = std::exchange(other.taken_, 0);
    }
    return *this;
  }
  ~BodyLease() { release(); }

  // Sees to it that `bytes` are covered. Small bodies are free: the count of connections bounds
  // them.
  bool cover(uint64_t bytes) {
    if (budget_ == nullptr || bytes <= kFreeBytes || bytes <= taken_) return true;
    const uint64_t wanted = (bytes / kStepBytes + 1) * kStepBytes;
    if (!budget_->take(wanted - taken_)) return false;
    taken_ = wanted;
    return true;
  }
  void release() {
    if (taken_ != 0) budget_->give_back(taken_);
    taken_ = 0;
  }

 private:
  static constexpr uint64_t kFreeBytes = uint64_t{64} << 10;
  static constexpr uint64_t kStepBytes = uint64_t{256} << 10;
  BodyBudget* budget_ = nullptr;
  uint64_t taken_ = 0;
};

}  // namespace kvhost::http
