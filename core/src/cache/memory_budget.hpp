// One limit on the engine's large memory: memtables, filters and fences take what they need, the
// block cache lives on the rest and gives way when the others grow.
//
// Threads:   any, without locks.
// Lifetime:  outlives every charge and the cache that registered itself.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kvhost::engine {

enum class MemoryCategory : uint8_t { kMemtables, kBlockCache, kFilters, kFences, kOther };
inline constexpr std::size_t kMemoryCategories = 5;

// Gives memory back when asked; a block cache.
class MemoryReclaimer {
 public:
  virtual ~MemoryReclaimer() = default;
  // Shrinks to MemoryBudget::cache_allowance() as far as pinned memory allows.
  virtual void reclaim() = 0;
};

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Counts `bytes` for a category. Never refuses: who must be refused asks used() first. When the
  // total passes the limit the cache shrinks before this returns.
  void charge(MemoryCategory category, uint64_t bytes);
  void release(MemoryCategory category, uint64_t bytes);

  uint64_t used(MemoryCategory category) const;
  uint64_t used() const;
  uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(uint64_t limit_bytes);
  // What the block cache may take: the limit less everything else, at least 0.
  uint64_t cache_allowance() const;

  // The one reclaimer; null to withdraw it. Requires that no charge is under way when it withdraws.
  void set_reclaimer(MemoryReclaimer* reclaimer);

 private:
  void reclaim_if_over();

  std::atomic<uint64_t> limit_;
  std::array<std::atomic<uint64_t>, kMemoryCategories> used_{};
  std::atomic<MemoryReclaimer*> reclaimer_{nullptr};
};

// Bytes charged for as long as the object lives. A null budget counts nothing.
class BudgetCharge {
 public:
  BudgetCharge() = default;
  BudgetCharge(MemoryBudget* budget, MemoryCategory category, uint64_t bytes);
  ~BudgetCharge() { resize(0); }
  BudgetCharge(BudgetCharge&& other) noexcept;
  BudgetCharge& operator=(BudgetCharge&& other) noexcept;

  uint64_t bytes() const { return bytes_; }
  void resize(uint64_t bytes);

 private:
  MemoryBudget* budget_ = nullptr;
  MemoryCategory category_ = MemoryCategory::kOther;
  uint64_t bytes_ = 0;
};

}  // namespace kvhost::engine
