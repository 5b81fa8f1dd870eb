#include "cache/block_cache.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

namespace kvhost::engine {
namespace {

BlockBuffer block_of(std::string_view text) {
  BlockBuffer block(text.size());
  std::memcpy(block.data(), text.data(), text.size());
  return block;
}

TEST_CASE("a block comes back until it is evicted") {
  BlockCache cache(1 << 20);
  const auto file = cache.attach(3);
  CHECK_FALSE(file->get(1));
  CHECK(file->insert(1, block_of("one")).view() == "one");
  CHECK(file->get(1).view() == "one");
  CHECK_FALSE(file->get(0));
  const BlockCacheStats stats = cache.stats();
  CHECK(stats.hits == 1);
  CHECK(stats.misses == 2);
  CHECK(stats.insertions == 1);
  CHECK(stats.bytes == 3);
  CHECK(stats.pinned_bytes == 0);
  cache.clear();
  CHECK_FALSE(file->get(1));
  CHECK(cache.stats().bytes == 0);
}

TEST_CASE("the second to insert a block gets the first one's") {
  BlockCache cache(1 << 20);
  const auto file = cache.attach(1);
  const PinnedBlock first = file->insert(0, block_of("same"));
  const PinnedBlock second = file->insert(0, block_of("same"));
  CHECK(first.view().data() == second.view().data());
  CHECK(cache.stats().insertions == 1);
}

TEST_CASE("bytes stay within the capacity, and what was touched stays longer") {
  BlockCache cache(10 * 100);
  const auto file = cache.attach(1000);
  file->insert(0, BlockBuffer(100));
  for (std::size_t i = 1; i < 500; ++i) {
    REQUIRE(file->get(0));
    file->insert(i, BlockBuffer(100));
    REQUIRE(cache.stats().bytes <= 1000);
  }
  CHECK(file->get(0));
  CHECK(cache.stats().evictions == 490);
  cache.set_capacity(300);
  CHECK(cache.stats().bytes == 300);
}

TEST_CASE("held blocks are not evicted, and a cache full of them keeps no more") {
  BlockCache cache(300);
  const auto file = cache.attach(10);
  std::vector<PinnedBlock> held;
  for (std::size_t i = 0; i < 3; ++i)
    held.push_back(file->insert(i, block_of(std::string(100, 'a'))));
  CHECK(cache.stats().pinned_bytes == 300);
  PinnedBlock own = file->insert(3, block_of(std::string(100, 'b')));
  CHECK(own.view() == std::string(100, 'b'));
  CHECK(cache.stats().bytes == 300);
  CHECK_FALSE(file->get(3));
  CHECK(held[0].view() == std::string(100, 'a'));
  held.clear();
  CHECK(cache.stats().pinned_bytes == 0);
  CHECK(file->insert(3, block_of("small")).view() == "small");
}

TEST_CASE("a block larger than the cache leaves the others alone") {
  BlockCache cache(300);
  const auto file = cache.attach(2);
  file->insert(0, BlockBuffer(200));
  CHECK(file->insert(1, BlockBuffer(301)).view().size() == 301);
  CHECK(file->get(0));
  CHECK_FALSE(file->get(1));
}

TEST_CASE("a file that goes takes its blocks along, but not from under a reader") {
  BlockCache cache(1 << 20);
  auto file = cache.attach(2);
  file->insert(0, block_of("gone"));
  PinnedBlock held = file->insert(1, block_of("held"));
  file.reset();
  CHECK(cache.stats().bytes == 4);
  CHECK(held.view() == "held");
  held.reset();
  CHECK_FALSE(held);
  cache.set_capacity(0);
  CHECK(cache.stats().bytes == 0);
}

TEST_CASE("a pinned block moves") {
  BlockCache cache(1 << 20);
  const auto file = cache.attach(1);
  PinnedBlock first = file->insert(0, block_of("text"));
  PinnedBlock second = std::move(first);
  CHECK(second.view() == "text");
  CHECK(cache.stats().pinned_bytes == 4);
  second = PinnedBlock(block_of("own"));
  CHECK(second.view() == "own");
  CHECK(cache.stats().pinned_bytes == 0);
}

}  // namespace
}  // namespace kvhost::engine
