#include "cache/memory_budget.hpp"

#include <catch2/catch.hpp>
#include <utility>

#include "cache/block_cache.hpp"

namespace kvhost::engine {
namespace {

TEST_CASE("charges count by category and end with their owner") {
  MemoryBudget budget(1000);
  {
    BudgetCharge filter(&budget, MemoryCategory::kFilters, 300);
    CHECK(budget.used(MemoryCategory::kFilters) == 300);
    CHECK(budget.cache_allowance() == 700);
    BudgetCharge moved(std::move(filter));
    CHECK(budget.used() == 300);
    moved.resize(100);
    CHECK(budget.used() == 100);
    BudgetCharge other(&budget, MemoryCategory::kMemtables, 50);
    other = std::move(moved);
    CHECK(budget.used(MemoryCategory::kMemtables) == 0);
    CHECK(budget.used() == 100);
  }
  CHECK(budget.used() == 0);
  BudgetCharge uncounted(nullptr, MemoryCategory::kOther, 5);
  CHECK(uncounted.bytes() == 5);
}

TEST_CASE("the cache gives way when the others grow") {
  MemoryBudget budget(100'000);
  BlockCache cache(1'000'000, &budget);
  const auto file = cache.attach(100);
  const uint64_t slots = budget.used(MemoryCategory::kFences);
  for (std::size_t i = 0; i < 20; ++i) file->insert(i, BlockBuffer(4000));
  CHECK(cache.stats().bytes == 80'000);
  CHECK(budget.used(MemoryCategory::kBlockCache) == 80'000);
  {
    BudgetCharge memtables(&budget, MemoryCategory::kMemtables, 70'000);
    CHECK(cache.stats().bytes <= 30'000);
    CHECK(budget.used() <= budget.limit());
    for (std::size_t i = 20; i < 40; ++i) file->insert(i, BlockBuffer(4000));
    CHECK(budget.used() <= budget.limit());
    BudgetCharge more(&budget, MemoryCategory::kMemtables, 60'000);
    CHECK(budget.cache_allowance() == 0);
    CHECK(cache.stats().bytes == 0);
  }
  for (std::size_t i = 0; i < 20; ++i) file->insert(i, BlockBuffer(4000));
  CHECK(cache.stats().bytes == 80'000);
  budget.set_limit(20'000 + slots);
  CHECK(cache.stats().bytes == 20'000);
}

}  // namespace
}  // namespace kvhost::engine
