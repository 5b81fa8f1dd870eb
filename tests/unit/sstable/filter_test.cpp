#include "sstable/filter.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "format/entry_hash.hpp"

namespace kvhost::engine {
namespace {

TEST_CASE("a filter never denies a key that it was given") {
  for (const uint64_t count : {1, 2, 50, 1000, 30000}) {
    FilterBuilder builder(10);
    for (uint64_t i = 0; i < count; ++i) builder.add(key_hash("key" + std::to_string(i)));
    const std::string bytes = builder.finish();
    REQUIRE(bytes.size() == builder.block_bytes());
    REQUIRE(Filter::check(bytes).empty());
    const Filter filter(bytes);
    for (uint64_t i = 0; i < count; ++i) {
      REQUIRE(filter.may_contain(key_hash("key" + std::to_string(i))));
    }
  }
}

TEST_CASE("ten bits a key let about one in a hundred strangers pass") {
  FilterBuilder builder(10);
  for (uint64_t i = 0; i < 100'000; ++i) builder.add(key_hash("key" + std::to_string(i)));
  const std::string bytes = builder.finish();
  CHECK(bytes.size() < 100'000 * 10 / 8 + 100);
  const Filter filter(bytes);
  int passed = 0;
  for (uint64_t i = 0; i < 100'000; ++i) {
    passed += filter.may_contain(key_hash("other" + std::to_string(i))) ? 1 : 0;
  }
  CHECK(passed < 1300);
}

TEST_CASE("no filter denies nothing") {
  FilterBuilder builder(0);
  builder.add(1);
  CHECK(builder.finish().empty());
  CHECK(Filter().may_contain(1));
}

TEST_CASE("a filter whose sizes lie is refused") {
  FilterBuilder builder(10);
  builder.add(1);
  const std::string good = builder.finish();
  CHECK_FALSE(Filter::check("").empty());
  CHECK_FALSE(Filter::check(good.substr(1)).empty());
  std::string many_probes = good;
  many_probes[64] = 8;
  CHECK(Filter::check(many_probes) == "filter probes: expected 1 to 7, found 8");
  std::string many_lines = good;
  many_lines[72] = 2;
  CHECK(Filter::check(many_lines) == "filter lines: expected 1, found 2");
}

}  // namespace
}  // namespace kvhost::engine
