#include "sstable/fences.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "unit/format/record_model.hpp"

namespace kvhost::engine {
namespace {

struct Block {
  std::string first, last;
};

Fences fences_of(const std::vector<Block>& blocks) {
  FenceBuilder builder;
  for (const Block& block : blocks) builder.add_block(block.first, block.last, 100);
  auto fences = Fences::load(builder.finish(64), 64 + blocks.size() * 100, 0, "test.sst");
  REQUIRE(fences.status().to_string() == "ok");
  return std::move(*fences);
}

TEST_CASE("fences are the shortest keys that part two blocks") {
  const Fences fences = fences_of({{"apple", "banana"}, {"berry", "cherry"}, {"cherry", "date"}});
  CHECK(fences.blocks() == 3);
  CHECK(fences.fence(0).empty());
  CHECK(fences.fence(1) == "be");
  CHECK(fences.fence(2) == "cherry");
  CHECK_FALSE(fences.continues(1));
  CHECK(fences.continues(2));
  CHECK(fences.handle(1) == BlockHandle{164, 100});
  CHECK(fences.find("apple") == 0);
  CHECK(fences.find("bd") == 0);
  CHECK(fences.find("be") == 1);
  CHECK(fences.find("cherry") == 1);
  CHECK(fences.find("cherry2") == 2);
  CHECK(fences.find("zebra") == 2);
  CHECK(fences.find("") == 0);
}

TEST_CASE("a key whose versions fill whole blocks is found where they begin") {
  const Fences fences = fences_of({{"a", "k"}, {"k", "k"}, {"k", "k"}, {"k", "z"}});
  CHECK(fences.find("k") == 0);
  CHECK(fences.find("j") == 0);
  CHECK(fences.find("l") == 3);
}

TEST_CASE("every key is found in its block") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    std::set<std::string> keys;
    while (keys.size() < 1 + random.below(200)) keys.insert(test::nasty_key(random));
    const std::vector<std::string> sorted(keys.begin(), keys.end());
    std::vector<Block> blocks;
    std::map<std::string, std::size_t> block_of;
    for (std::size_t i = 0; i < sorted.size();) {
      const std::size_t last = std::min<std::size_t>(i + random.below(5), sorted.size() - 1);
      for (std::size_t k = i; k <= last; ++k) block_of.emplace(sorted[k], blocks.size());
      blocks.push_back({sorted[i], sorted[last]});
      // Sometimes the last key goes on in the next block.
      i = random.one_in(4) && last > i ? last : last + 1;
    }
    const Fences fences = fences_of(blocks);
    for (const auto& [key, block] : block_of) REQUIRE(fences.find(key) == block);
    for (int i = 0; i < 50; ++i) {
      const std::string probe = test::nasty_key(random);
      const std::size_t block = fences.find(probe);
      REQUIRE((block == 0 || blocks[block - 1].last < probe || block_of.count(probe) == 1));
      REQUIRE((block + 1 == blocks.size() || probe < blocks[block + 1].first ||
               block_of.count(probe) == 1));
    }
  }
}

TEST_CASE("fences that lie are refused") {
  FenceBuilder builder;
  builder.add_block("a", "b", 100);
  builder.add_block("c", "d", 100);
  const std::string good = builder.finish(64);
  REQUIRE(Fences::load(good, 264, 500, "t.sst"));
  CHECK(Fences::load(good, 265, 500, "t.sst").error().to_string() ==
        "corruption: t.sst: offset 500: fences: end of the data: expected 265, found 264");
  CHECK_FALSE(Fences::load(good, 200, 500, "t.sst"));
  CHECK_FALSE(Fences::load("", 264, 500, "t.sst"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(Fences::load(good.substr(0, size), 264, 500, "t.sst"));
  }
  std::string many = good;
  many[0] = 127;
  CHECK_FALSE(Fences::load(many, 264, 500, "t.sst"));
}

}  // namespace
}  // namespace kvhost::engine
