#include "base/block_memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kPage = BlockMemory::kPage;
constexpr std::size_t kLargest = kPage * BlockMemory::kMaxPages;
constexpr std::size_t kHuge = std::size_t{2} << 20;

uintptr_t number(const char* at) { return reinterpret_cast<uintptr_t>(at); }
uintptr_t huge_page(const char* at) { return number(at) / kHuge; }

// What the allocator of the process has given out; a sanitizer's does not say.
std::size_t bytes_in_use() {
  const auto facts = ::mallinfo2();
  return facts.uordblks + facts.hblkhd;
}

struct Block {
  char* at;
  std::size_t bytes;
  char fill;

  static Block taken(std::size_t bytes, char fill) {
    Block block{BlockMemory::take(bytes), bytes, fill};
    std::memset(block.at, fill, bytes);
    return block;
  }
  bool is_as_written() const {
    return std::all_of(at, at + bytes, [this](char c) { return c == fill; });
  }
};

TEST_CASE("block memory: whole pages are cut, what is smaller or larger is not") {
#if !defined(__SANITIZE_ADDRESS__)
  CHECK(BlockMemory::suits(kPage / 2 + 1));
  CHECK(BlockMemory::suits(kPage));
  CHECK(BlockMemory::suits(kLargest));
#endif
  CHECK_FALSE(BlockMemory::suits(0));
  CHECK_FALSE(BlockMemory::suits(kPage / 2));
  CHECK_FALSE(BlockMemory::suits(kLargest + 1));
}

TEST_CASE("block memory: blocks are aligned, apart from each other and stay as written") {
  Random random(11);
  std::vector<Block> blocks;
  for (int i = 0; i < 6000; ++i) {
    if (!blocks.empty() && random.one_in(3)) {
      std::swap(blocks[random.below(blocks.size())], blocks.back());
      REQUIRE(blocks.back().is_as_written());
      BlockMemory::give(blocks.back().at);
      blocks.pop_back();
      continue;
    }
    const std::size_t bytes = kPage / 2 + 1 + random.below(kLargest - kPage / 2);
    blocks.push_back(Block::taken(bytes, static_cast<char>(i)));
    REQUIRE(number(blocks.back().at) % kPage == 0);
  }
  for (const auto& block : blocks) {
    REQUIRE(block.is_as_written());
    BlockMemory::give(block.at);
  }
}

TEST_CASE("block memory: a size's limits are those of its pages") {
  for (std::size_t pages = 1; pages <= BlockMemory::kMaxPages; ++pages) {
    INFO(pages << " pages");
    // The least and the most that take so many pages: each fills its block and no other.
    const Block least = Block::taken((pages - 1) * kPage + 1, 'l');
    const Block most = Block::taken(pages * kPage, 'm');
    const Block next = Block::taken(pages * kPage, 'n');
    CHECK(huge_page(least.at) == huge_page(most.at));
    CHECK((most.is_as_written() && least.is_as_written() && next.is_as_written()));
    for (const auto& block : {least, most, next}) BlockMemory::give(block.at);
  }
}

TEST_CASE("block memory: a huge page is filled before the next one, and holds one size") {
  std::vector<char*> blocks;
  // Its first small page is its owner's.
  constexpr std::size_t kOfOnePage = kHuge / kPage - 1;
  for (std::size_t i = 0; i < kOfOnePage; ++i) blocks.push_back(BlockMemory::take(kPage));
  for (const char* block : blocks) {
    REQUIRE(huge_page(block) == huge_page(blocks[0]));
    REQUIRE(number(block) % kHuge != 0);
  }
  CHECK(std::set<char*>(blocks.begin(), blocks.end()).size() == kOfOnePage);
  blocks.push_back(BlockMemory::take(kPage));
  CHECK(huge_page(blocks.back()) != huge_page(blocks[0]));
  char* const larger = BlockMemory::take(2 * kPage);
  CHECK(huge_page(larger) != huge_page(blocks[0]));
  CHECK(huge_page(larger) != huge_page(blocks.back()));
  blocks.push_back(larger);
  for (char* block : blocks) BlockMemory::give(block);
}

TEST_CASE("block memory: what was given back is the next to be taken") {
  char* const stays = BlockMemory::take(3 * kPage);
  char* const goes = BlockMemory::take(3 * kPage);
  BlockMemory::give(goes);
  CHECK(BlockMemory::take(3 * kPage - 5) == goes);
  BlockMemory::give(goes);
  BlockMemory::give(stays);
}

TEST_CASE("block memory: the last block to go does not take its huge page along") {
  char* const block = BlockMemory::take(4 * kPage);
  const std::size_t with_block = bytes_in_use();
  BlockMemory::give(block);
  const std::size_t without = bytes_in_use();
  CHECK(without == with_block);
  CHECK(BlockMemory::take(4 * kPage) == block);
  BlockMemory::give(block);
}

TEST_CASE("block memory: a full huge page takes new blocks when one of it was given back") {
  std::vector<char*> blocks;
  while (blocks.empty() || huge_page(blocks.back()) == huge_page(blocks[0])) {
    blocks.push_back(BlockMemory::take(5 * kPage));
  }
  char* const freed = blocks[7];
  BlockMemory::give(freed);
  CHECK(BlockMemory::take(5 * kPage) == freed);
  for (char* block : blocks) BlockMemory::give(block);
}

TEST_CASE("block memory: empty huge pages go back to the process, all but one") {
  const std::size_t before = bytes_in_use();
  std::vector<char*> blocks;
  for (std::size_t i = 0; i < 6 * (kHuge / kPage); ++i) blocks.push_back(BlockMemory::take(kPage));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  REQUIRE(bytes_in_use() >= before + 6 * kHuge);
#endif
  Random random(5);
  for (std::size_t i = blocks.size(); i > 0; --i) {
    std::swap(blocks[random.below(i)], blocks[i - 1]);
    BlockMemory::give(blocks[i - 1]);
  }
  // The one that is kept, and as much address space again that its alignment took.
  CHECK(bytes_in_use() < before + 3 * kHuge);
}

TEST_CASE("block memory: threads take and give back each other's blocks") {
  constexpr int kThreads = 4;
  std::mutex mutex;
  std::vector<Block> shared;
  std::array<bool, kThreads> are_good{};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Random random(static_cast<uint64_t>(t) + 1);
      bool is_good = true;
      for (int i = 0; i < 4000; ++i) {
        Block mine = Block::taken(kPage / 2 + 1 + random.below(kLargest - kPage / 2),
                                  static_cast<char>(t * 31 + i));
        {
          const std::lock_guard lock(mutex);
          shared.push_back(mine);
          if (shared.size() < 200) continue;
          std::swap(shared[random.below(shared.size())], shared.back());
          mine = shared.back();
          shared.pop_back();
        }
        is_good = is_good && mine.is_as_written();
        BlockMemory::give(mine.at);
      }
      are_good[static_cast<std::size_t>(t)] = is_good;
    });
  }
  for (auto& thread : threads) thread.join();
  for (const bool is_good : are_good) CHECK(is_good);
  for (const auto& block : shared) {
    REQUIRE(block.is_as_written());
    BlockMemory::give(block.at);
  }
}

}  // namespace
}  // namespace kvhost::engine
