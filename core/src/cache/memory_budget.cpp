#include "cache/memory_budget.hpp"

#include <utility>

#include "base/assert.hpp"

namespace kvhost::engine {

void MemoryBudget::charge(MemoryCategory category, uint64_t bytes) {
  used_[static_cast<std::size_t>(category)].fetch_add(bytes, std::memory_order_relaxed);
  // The cache's own growth is the cache's to bound.
  if (category != MemoryCategory::kBlockCache) reclaim_if_over();
}

void MemoryBudget::release(MemoryCategory category, uint64_t bytes) {
  const uint64_t before =
      used_[static_cast<std::size_t>(category)].fetch_sub(bytes, std::memory_order_relaxed);
  KVHOST_ASSERT(before >= bytes, "more memory was released than charged");
}

uint64_t MemoryBudget::used(MemoryCategory category) const {
  return used_[static_cast<std::size_t>(category)].load(std::memory_order_relaxed);
}

uint64_t MemoryBudget::used() const {
  uint64_t total = 0;
  for (const auto& one : used_) total += one.load(std::memory_order_relaxed);
  return total;
}

void MemoryBudget::set_limit(uint64_t limit_bytes) {
  limit_.store(limit_bytes, std::memory_order_relaxed);
  reclaim_if_over();
}

uint64_t MemoryBudget::cache_allowance() const {
  uint64_t others = 0;
  for (std::size_t i = 0; i < kMemoryCategories; ++i) {
    const auto category = static_cast<MemoryCategory>(i);
    if (category != MemoryCategory::kBlockCache) others += used(category);
  }
  const uint64_t all = limit();
  return others < all ? all - others : 0;
}

void MemoryBudget::set_reclaimer(MemoryReclaimer* reclaimer) {
  reclaimer_.store(reclaimer, std::memory_order_release);
}

void MemoryBudget::reclaim_if_over() {
  if (used() <= limit()) return;
  if (MemoryReclaimer* reclaimer = reclaimer_.load(std::memory_order_acquire)) reclaimer->reclaim();
}

BudgetCharge::BudgetCharge(MemoryBudget* budget, MemoryCategory category, uint64_t bytes)
    : budget_(budget), category_(category) {
  resize(bytes);
}

BudgetCharge::BudgetCharge(BudgetCharge&& other) noexcept
    : budget_(other.budget_), category_(other.category_), bytes_(std::exchange(other.bytes_, 0)) {}

BudgetCharge& BudgetCharge::operator=(BudgetCharge&& other) noexcept {
  if (this == &other) return *this;
  resize(0);
  budget_ = other.budget_;
  category_ = other.category_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void BudgetCharge::resize(uint64_t bytes) {
  if (budget_ != nullptr && bytes > bytes_) budget_->charge(category_, bytes - bytes_);
  if (budget_ != nullptr && bytes < bytes_) budget_->release(category_, bytes_ - bytes);
  bytes_ = bytes;
}

}  // namespace kvhost::engine
