#include "memtable/memtable.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "unit/format/record_model.hpp"

namespace kvhost::engine {
namespace {

using namespace std::string_literals;
using test::nasty_key;
using test::OwnedRecord;
using test::random_record;
using test::RecordModel;

TEST_CASE("an empty memtable has nothing") {
  const Memtable memtable;
  const std::vector<std::string_view> keys{"", "key"};
  memtable.prefetch(keys);
  CHECK(memtable.empty());
  CHECK_FALSE(memtable.get("key", kMaxSequence));
  CHECK_FALSE(memtable.get("", kMaxSequence));
  CHECK(memtable.max_covering_tombstone("key", kMaxSequence) == 0);
  CHECK(memtable.min_sequence() == 0);
  const auto iterator = memtable.iterator();
  iterator->seek_to_first();
  CHECK_FALSE(iterator->valid());
  iterator->seek_to_last();
  CHECK_FALSE(iterator->valid());
  iterator->seek("key", kMaxSequence);
  CHECK_FALSE(iterator->valid());
  iterator->seek_for_prev("key", 0);
  CHECK_FALSE(iterator->valid());
}

TEST_CASE("a snapshot sees the version of its time") {
  Memtable memtable;
  memtable.add({"key", "old", 5});
  memtable.add({"key", "", 7, RecordType::kTombstone});
  memtable.add({"key", "new", 9, RecordType::kPut, 1234});
  CHECK_FALSE(memtable.get("key", 4));
  CHECK(memtable.get("key", 5)->value == "old");
  CHECK(memtable.get("key", 6)->sequence == 5);
  CHECK(memtable.get("key", 8)->type == RecordType::kTombstone);
  CHECK(memtable.get("key", kMaxSequence)->value == "new");
  CHECK(memtable.get("key", kMaxSequence)->expires_at_ms == 1234);
  CHECK(memtable.entries() == 3);
  CHECK(memtable.min_sequence() == 5);
  CHECK(memtable.max_sequence() == 9);
}

TEST_CASE("keys that are prefixes of each other are different keys") {
  Memtable memtable;
  const std::vector<std::string> keys{"abc",   "",        "ab",    "abcd", "a",
                                      "ab\0"s, "ab\0\0"s, "\xFF"s, "\0"s};
  SequenceNumber sequence = 0;
  for (const std::string& key : keys) memtable.add({key, "value of " + key, ++sequence});
  for (const std::string& key : keys) {
    REQUIRE(memtable.get(key, kMaxSequence));
    CHECK(memtable.get(key, kMaxSequence)->value == "value of " + key);
  }
  CHECK_FALSE(memtable.get("abcde", kMaxSequence));
  CHECK_FALSE(memtable.get("b", kMaxSequence));
  CHECK_FALSE(memtable.get("ab\0\0\0"s, kMaxSequence));
}

TEST_CASE("every node size and every split is found again") {
  Memtable memtable;
  SequenceNumber sequence = 0;
  RecordModel model;
  const auto add = [&](std::string key) {
    memtable.add({key, key, ++sequence});
    model.add({key, key, sequence});
  };
  for (int width : {3, 4, 5, 16, 17, 48, 49, 256}) {
    for (int byte = 0; byte < width; ++byte) {
      const std::string stem = "prefix longer than eight bytes " + std::to_string(width);
      add(stem + static_cast<char>(255 - byte) + "tail");
    }
    add("prefix longer than eight bytes " + std::to_string(width));
    add("prefix longer " + std::to_string(width));
    add("pre" + std::to_string(width));
  }
  for (const auto& [place, record] : model.records()) {
    REQUIRE(memtable.get(record.key, kMaxSequence)->value == record.value);
  }
  Random random(1);
  walk_like_the_model(*memtable.iterator(), model, random, 3000);
}

TEST_CASE("iterators walk both ways over random records as the model does") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  for (const int count : {1, 2, 30, 1500}) {
    Memtable memtable;
    RecordModel model;
    std::vector<std::string> keys;
    for (SequenceNumber sequence = 1; sequence <= static_cast<uint64_t>(count); ++sequence) {
      keys.push_back(random.one_in(2) && !keys.empty() ? keys[random.below(keys.size())]
                                                       : nasty_key(random));
      OwnedRecord record = random_record(random, keys.back(), sequence);
      memtable.add(record.view());
      model.add(std::move(record));
    }
    // Keys that are there and keys that are not: bringing them near changes nothing.
    for (int i = 0; i < 20; ++i) keys.push_back(nasty_key(random));
    memtable.prefetch(std::vector<std::string_view>(keys.begin(), keys.end()));
    walk_like_the_model(*memtable.iterator(), model, random, 1500);
  }
}

TEST_CASE("a key with very many versions answers old snapshots quickly") {
  Memtable memtable;
  constexpr SequenceNumber kVersions = 200'000;
  for (SequenceNumber i = 1; i <= kVersions; ++i) memtable.add({"counter", std::to_string(i), i});
  for (SequenceNumber i = 1; i <= kVersions; i += 7) {
    REQUIRE(memtable.get("counter", i)->sequence == i);
  }
  const auto iterator = memtable.iterator();
  iterator->seek_to_last();
  SequenceNumber seen = 0;
  for (; iterator->valid(); iterator->prev()) REQUIRE(iterator->record().sequence == ++seen);
  CHECK(seen == kVersions);
}

TEST_CASE("keys of 64 KiB that nest do not exhaust the stack") {
  Memtable memtable;
  std::string key;
  SequenceNumber sequence = 0;
  for (std::size_t length = 0; length <= 65536; length += 61) {
    key.resize(length, 'n');
    memtable.add({key, "v", ++sequence});
  }
  const auto iterator = memtable.iterator();
  std::size_t count = 0;
  for (iterator->seek_to_first(); iterator->valid(); iterator->next()) {
    REQUIRE(iterator->record().key.size() == 61 * count++);
  }
  CHECK(count == sequence);
  for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) --count;
  CHECK(count == 0);
}

TEST_CASE("range tombstones are kept apart and asked by key and snapshot") {
  Memtable memtable;
  memtable.add({"b", "value", 1});
  memtable.add_range_tombstone("a", "c", 2);
  memtable.add_range_tombstone("b", "d", 4);
  memtable.add_range_tombstone("z", "y", 5);
  CHECK(memtable.get("b", kMaxSequence)->sequence == 1);
  CHECK(memtable.max_covering_tombstone("b", kMaxSequence) == 4);
  CHECK(memtable.max_covering_tombstone("b", 3) == 2);
  CHECK(memtable.max_covering_tombstone("b", 1) == 0);
  CHECK(memtable.max_covering_tombstone("d", kMaxSequence) == 0);
  REQUIRE(memtable.range_tombstones().size() == 2);
  CHECK(memtable.range_tombstones()[1].sequence == 4);
  CHECK(memtable.range_tombstone_count() == 2);
  CHECK(memtable.max_sequence() == 4);
}

TEST_CASE("many range tombstones answer as a search of the list does") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  Memtable memtable;
  std::vector<std::pair<std::string, std::string>> list;
  const auto key = [&random] { return "k" + std::to_string(random.below(500)); };
  for (SequenceNumber sequence = 1; sequence <= 600; ++sequence) {
    std::string start = key(), end = key();
    if (end < start) std::swap(start, end);
    if (start == end) end.push_back('!');
    memtable.add_range_tombstone(start, end, sequence);
    list.emplace_back(start, end);
    const std::string probe = key();
    const SequenceNumber snapshot = random.below(sequence + 2);
    SequenceNumber expected = 0;
    for (std::size_t i = 0; i < list.size() && i < snapshot; ++i) {
      if (list[i].first <= probe && probe < list[i].second) expected = i + 1;
    }
    REQUIRE(memtable.max_covering_tombstone(probe, snapshot) == expected);
  }
}

}  // namespace
}  // namespace kvhost::engine
