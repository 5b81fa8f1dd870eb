// Many threads over few frames: a pinned block never changes, counts never drift.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "cache/block_cache.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kWords = 16;

BlockBuffer filled(uint64_t stamp) {
  BlockBuffer block(kWords * sizeof stamp);
  for (std::size_t i = 0; i < kWords; ++i) {
    std::memcpy(block.data() + i * sizeof stamp, &stamp, sizeof stamp);
  }
  return block;
}

bool holds(const PinnedBlock& block, uint64_t stamp) {
  if (block.view().size() != kWords * sizeof stamp) return false;
  for (std::size_t i = 0; i < kWords; ++i) {
    uint64_t word = 0;
    std::memcpy(&word, block.view().data() + i * sizeof word, sizeof word);
    if (word != stamp) return false;
  }
  return true;
}

TEST_CASE("readers, inserters and a shrinking budget never show a wrong block") {
  constexpr std::size_t kBlocks = 64;
  constexpr std::size_t kBlockBytes = kWords * sizeof(uint64_t);
  MemoryBudget budget(64 * kBlockBytes);
  BlockCache cache(20 * kBlockBytes, &budget);
  const std::vector<std::shared_ptr<FileCache>> files{cache.attach(kBlocks), cache.attach(kBlocks)};
  std::atomic<uint64_t> faults{0};
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(thread);
      std::vector<PinnedBlock> held(3);
      std::vector<uint64_t> stamps(3, 0);
      for (int i = 0; i < 30'000; ++i) {
        const std::size_t file = random.below(2);
        const std::size_t index = random.one_in(3) ? random.below(kBlocks) : random.below(8);
        const uint64_t stamp = file * 1000 + index;
        PinnedBlock block = files[file]->get(index);
        if (!block) block = files[file]->insert(index, filled(stamp));
        if (!holds(block, stamp)) ++faults;
        const std::size_t place = random.below(held.size());
        if (held[place] && !holds(held[place], stamps[place])) ++faults;
        held[place] = std::move(block);
        stamps[place] = stamp;
        if (random.one_in(500)) {
          BudgetCharge memtable(&budget, MemoryCategory::kMemtables,
                                random.below(60) * kBlockBytes);
        }
        if (random.one_in(2000)) {
          const auto brief = cache.attach(4);
          held[place] = brief->insert(2, filled(7));
          stamps[place] = 7;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(faults == 0);
  const BlockCacheStats stats = cache.stats();
  CHECK(stats.pinned_bytes == 0);
  CHECK(stats.bytes <= 20 * kBlockBytes);
  CHECK(stats.evictions > 0);
  cache.clear();
  CHECK(cache.stats().bytes == 0);
  CHECK(budget.used(MemoryCategory::kBlockCache) == 0);
}

}  // namespace
}  // namespace kvhost::engine
