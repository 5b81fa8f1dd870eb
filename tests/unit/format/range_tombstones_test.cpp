#include "format/range_tombstones.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace kvhost::engine {
namespace {

struct Owned {
  std::string start, end;
  SequenceNumber sequence;
};

SequenceNumber by_hand(const std::vector<Owned>& tombstones, const std::string& key,
                       SequenceNumber snapshot) {
  SequenceNumber newest = 0;
  for (const Owned& one : tombstones) {
    if (one.sequence <= snapshot && one.start <= key && key < one.end) {
      newest = std::max(newest, one.sequence);
    }
  }
  return newest;
}

std::vector<RangeTombstone> views(const std::vector<Owned>& tombstones) {
  std::vector<RangeTombstone> all;
  for (const Owned& one : tombstones) all.push_back({one.start, one.end, one.sequence});
  return all;
}

TEST_CASE("no tombstones cover nothing") {
  const FragmentedRangeTombstones none;
  CHECK(none.empty());
  CHECK(none.fragment_count() == 0);
  CHECK(none.covering_sequence("key", kMaxSequence) == 0);
  const std::vector<RangeTombstone> backwards{{"b", "a", 5}, {"c", "c", 6}};
  const FragmentedRangeTombstones empty{backwards};
  CHECK(empty.empty());
  CHECK(empty.covering_sequence("b", kMaxSequence) == 0);
}

TEST_CASE("the start is covered, the end is not") {
  const std::vector<RangeTombstone> one{{"b", "d", 7}};
  const FragmentedRangeTombstones set{one};
  CHECK(set.covering_sequence("a", kMaxSequence) == 0);
  CHECK(set.covering_sequence("b", kMaxSequence) == 7);
  CHECK(set.covering_sequence(std::string_view("b\0", 2), kMaxSequence) == 7);
  CHECK(set.covering_sequence("cz", 7) == 7);
  CHECK(set.covering_sequence("cz", 6) == 0);
  CHECK(set.covering_sequence("d", kMaxSequence) == 0);
}

TEST_CASE("overlapping tombstones are cut at each other's ends") {
  const std::vector<RangeTombstone> list{{"a", "e", 3}, {"c", "g", 5}, {"x", "z", 1}};
  const FragmentedRangeTombstones set{list};
  std::vector<std::string> seen;
  set.for_each_fragment([&seen](const FragmentedRangeTombstones::Fragment& fragment) {
    std::string line = std::string(fragment.start) + "-" + std::string(fragment.end) + ":";
    for (const SequenceNumber sequence : fragment.sequences) line += " " + std::to_string(sequence);
    seen.push_back(line);
  });
  CHECK(seen == std::vector<std::string>{"a-c: 3", "c-e: 5 3", "e-g: 5", "x-z: 1"});
}

TEST_CASE("random tombstones answer as a search of the whole list does") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  const auto key = [&random] {
    std::string text;
    for (uint64_t i = random.below(4); i > 0; --i) {
      text.push_back(static_cast<char>("\0ab\xFF"[random.below(4)]));
    }
    return text;
  };
  for (int round = 0; round < 60; ++round) {
    std::vector<Owned> list;
    for (uint64_t i = random.below(40); i > 0; --i) {
      list.push_back({key(), key(), 1 + random.below(30)});
    }
    const auto set = FragmentedRangeTombstones::copy_of(views(list));
    for (int i = 0; i < 200; ++i) {
      const std::string probe = key();
      const SequenceNumber snapshot = random.below(32);
      REQUIRE(set->covering_sequence(probe, snapshot) == by_hand(list, probe, snapshot));
    }
    std::string_view last_end;
    set->for_each_fragment([&](const FragmentedRangeTombstones::Fragment& fragment) {
      REQUIRE(fragment.start < fragment.end);
      REQUIRE(last_end <= fragment.start);
      last_end = fragment.end;
      const std::string start(fragment.start);
      REQUIRE(fragment.sequences.front() == by_hand(list, start, kMaxSequence));
      for (const SequenceNumber sequence : fragment.sequences) {
        REQUIRE(by_hand(list, start, sequence) == sequence);
      }
    });
  }
}

TEST_CASE("thousands of nested tombstones stay small and quick") {
  std::vector<Owned> list;
  for (int i = 0; i < 20000; ++i) {
    list.push_back({"a" + std::to_string(100000 + i), "z" + std::to_string(999999 - i),
                    static_cast<SequenceNumber>(i + 1)});
  }
  const FragmentedRangeTombstones set{views(list)};
  CHECK(set.covering_sequence("m", kMaxSequence) == 20000);
  CHECK(set.covering_sequence("m", 12345) == 12345);
  CHECK(set.memory_bytes() < 20u << 20);
}

}  // namespace
}  // namespace kvhost::engine
