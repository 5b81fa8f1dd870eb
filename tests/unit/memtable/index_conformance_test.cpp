// One suite over every candidate that the memtable's index was chosen from: each must behave as a
// std::map of records does, or its figures mean nothing.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "memtable/radix_iterator.hpp"
#include "memtable/radix_tree.hpp"
#include "plain_btree.hpp"
#include "skip_list.hpp"
#include "unit/format/record_model.hpp"

namespace kvhost::engine {
namespace {

using test::nasty_key;
using test::OwnedRecord;
using test::random_record;
using test::RecordModel;

struct Radix : RadixTree {
  using RadixTree::RadixTree;
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    RadixIterator iterator(*this);
    for (iterator.seek_to_first(); iterator.valid(); iterator.next()) {
      const Record& record = iterator.record();
      if (const Leaf* leaf = find(record.key);
          leaf->newest.load(std::memory_order_acquire)->sequence() == record.sequence) {
        visit(*leaf);
      }
    }
  }
};

TEMPLATE_TEST_CASE("an index finds what a map finds, in a map's order", "", Radix, bench::SkipList,
                   bench::PlainBtree) {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  Arena arena;
  TestType index(arena);
  RecordModel model;
  std::vector<std::string> keys;
  for (SequenceNumber sequence = 1; sequence <= 4000; ++sequence) {
    std::string key =
        !keys.empty() && random.one_in(4) ? keys[random.below(keys.size())] : nasty_key(random);
    keys.push_back(key);
    OwnedRecord record = random_record(random, std::move(key), sequence);
    index.insert(record.view());
    model.add(std::move(record));
    const std::string probe =
        random.one_in(2) ? nasty_key(random) : keys[random.below(keys.size())];
    const SequenceNumber snapshot = random.below(sequence + 2);
    const OwnedRecord* expected = model.get(probe, snapshot);
    const Leaf* leaf = index.find(probe);
    const KeyVersion* found =
        leaf == nullptr ? nullptr : visible_version(leaf->newest.load(), snapshot);
    REQUIRE((found != nullptr) == (expected != nullptr));
    if (found != nullptr) {
      REQUIRE(leaf->key() == probe);
      REQUIRE(found->sequence() == expected->sequence);
      REQUIRE(found->value() == expected->value);
      REQUIRE(found->type() == expected->type);
      REQUIRE(found->expires_at_ms == expected->expires_at_ms);
    }
  }
  auto expected = model.records().begin();
  index.for_each([&](const Leaf& leaf) {
    for (const KeyVersion* at = leaf.newest.load(); at != nullptr; at = at->older) {
      REQUIRE(expected != model.records().end());
      REQUIRE(leaf.key() == expected->second.key);
      REQUIRE(at->sequence() == expected->second.sequence);
      ++expected;
    }
  });
  REQUIRE(expected == model.records().end());
}

}  // namespace
}  // namespace kvhost::engine
