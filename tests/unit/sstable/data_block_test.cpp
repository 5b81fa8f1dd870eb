#include "sstable/data_block.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "format/entry_hash.hpp"
#include "sstable/data_block_builder.hpp"
#include "unit/format/record_model.hpp"

namespace kvhost::engine {
namespace {

using namespace std::string_literals;
using test::nasty_key;
using test::OwnedRecord;
using test::random_record;
using test::RecordModel;

std::string block_of(const RecordModel& model) {
  DataBlockBuilder builder;
  for (const auto& [place, record] : model.records()) {
    const std::size_t announced = builder.block_bytes_with(record.view());
    REQUIRE(builder.upper_bound_with(record.view()) >= announced);
    builder.add(record.view(), key_tag(key_hash(record.key)));
    REQUIRE(builder.block_bytes() == announced);
  }
  const std::size_t announced = builder.block_bytes();
  std::string bytes = builder.finish();
  REQUIRE(bytes.size() == announced);
  REQUIRE(builder.empty());
  return bytes;
}

RecordModel model_of(const std::vector<OwnedRecord>& records) {
  RecordModel model;
  for (const OwnedRecord& record : records) model.add(record);
  return model;
}

TEST_CASE("heads sort as the keys do, and ties are told apart") {
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    const std::string a = nasty_key(random),
                      b = random.one_in(3) ? a + nasty_key(random) : nasty_key(random);
    const uint64_t head_a = key_head(a), head_b = key_head(b);
    const int order = head_a != head_b
                          ? (head_a < head_b ? -1 : 1)
                          : compare_past_head(a.size(), key_tail(a), b.size(), key_tail(b));
    const int expected = a.compare(b);
    REQUIRE((order < 0) == (expected < 0));
    REQUIRE((order == 0) == (expected == 0));
  }
}

TEST_CASE("columns shrink to what the records need") {
  RecordModel same;
  for (int i = 0; i < 10; ++i) same.add({"key-" + std::to_string(i) + "-suffix", "12345", 7});
  const DataBlockHeader header = DataBlockHeader::load(block_of(same).data());
  CHECK(header.sequence_width == 0);
  CHECK(header.expiry_width == 0);
  CHECK(header.key_width == 0);
  CHECK(header.value_width == 0);
  CHECK(header.types == DataBlockHeader::Types::kAllPuts);
  CHECK(header.prefix_size == 4);
  CHECK(header.suffix_size == 8);
  CHECK(header.tails_bytes == 0);

  const DataBlockHeader mixed =
      DataBlockHeader::load(block_of(model_of({{"a", "1", 1},
                                               {"bb", "", 300, RecordType::kTombstone},
                                               {"c", "333", 70000, RecordType::kPut, 99}}))
                                .data());
  CHECK(mixed.sequence_width == 4);
  CHECK(mixed.expiry_width == 1);
  CHECK(mixed.key_width == 2);
  CHECK(mixed.value_width == 2);
  CHECK(mixed.types == DataBlockHeader::Types::kColumn);
}

TEST_CASE("a block gives back every record and finds every version") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    RecordModel model;
    const uint64_t count = 1 + random.below(round % 3 == 0 ? 300 : 20);
    const bool fixed = random.one_in(3);
    std::string key = nasty_key(random);
    for (SequenceNumber sequence = 1; sequence <= count; ++sequence) {
      if (!random.one_in(4))
        key = fixed ? "fixed" + std::to_string(100000 + random.below(900000)) : nasty_key(random);
      model.add(random_record(random, key, sequence * (random.one_in(2) ? 1 : 1000)));
    }
    const std::string bytes = block_of(model);
    REQUIRE(DataBlock::check(bytes).empty());
    const DataBlock block(bytes);
    REQUIRE(block.entries() == model.records().size());
    std::size_t entry = 0;
    for (const auto& [place, record] : model.records()) {
      REQUIRE(block.key(entry) == record.key);
      REQUIRE(block.value(entry) == record.value);
      REQUIRE(block.sequence(entry) == record.sequence);
      REQUIRE(block.type(entry) == record.type);
      REQUIRE(block.expires_at_ms(entry) == record.expires_at_ms);
      REQUIRE(block.lower_bound(record.key, record.sequence) == entry);
      const auto match = block.find(record.key, key_tag(key_hash(record.key)), record.sequence);
      REQUIRE(match.entry == entry);
      ++entry;
    }
    for (int i = 0; i < 100; ++i) {
      const std::string probe = nasty_key(random);
      const SequenceNumber snapshot = random.below(count + 2);
      const OwnedRecord* expected = model.get(probe, snapshot);
      const auto match = block.find(probe, key_tag(key_hash(probe)), snapshot);
      REQUIRE(match.entry.has_value() == (expected != nullptr));
      if (expected != nullptr) REQUIRE(block.value(*match.entry) == expected->value);
      const auto after = model.records().lower_bound({probe, snapshot});
      const auto place = std::distance(model.records().begin(), after);
      REQUIRE(block.lower_bound(probe, snapshot) == static_cast<std::size_t>(place));
    }
  }
}

TEST_CASE("the end of a block says when older versions may follow") {
  const std::string bytes = block_of(model_of({{"a", "1", 9}, {"k", "2", 8}, {"k", "3", 7}}));
  const DataBlock block(bytes);
  const uint8_t tag = key_tag(key_hash("k"));
  CHECK(block.find("k", tag, 7).entry == 2u);
  CHECK_FALSE(block.find("k", tag, 6).entry);
  CHECK(block.find("k", tag, 6).at_end);
  CHECK_FALSE(block.find("a", key_tag(key_hash("a")), 8).at_end);
  CHECK_FALSE(block.find("z", key_tag(key_hash("z")), 8).at_end);
}

TEST_CASE("the widest numbers survive") {
  const auto records = {OwnedRecord{"a", "v", kMaxSequence, RecordType::kPut, UINT64_MAX},
                        OwnedRecord{"b", "v", 0, RecordType::kPut, 1},
                        OwnedRecord{"c", "v", 5, RecordType::kPut, 0}};
  const std::string bytes = block_of(model_of(records));
  const DataBlock block(bytes);
  CHECK(block.sequence(0) == kMaxSequence);
  CHECK(block.sequence(1) == 0);
  CHECK(block.expires_at_ms(0) == UINT64_MAX);
  CHECK(block.expires_at_ms(1) == 1);
  CHECK(block.expires_at_ms(2) == 0);
}

TEST_CASE("a block whose sizes lie is refused before anything is read by them") {
  const std::string good = block_of(model_of({{"abcdefghijk", "1", 9},
                                              {"abcdefghijkl", "", 8, RecordType::kTombstone},
                                              {"b", "333", 7, RecordType::kPut, 5}}));
  REQUIRE(DataBlock::check(good).empty());
  CHECK_FALSE(DataBlock::check("").empty());
  CHECK_FALSE(DataBlock::check(good.substr(0, 47)).empty());
  CHECK_FALSE(DataBlock::check(good.substr(0, good.size() - 1)).empty());
  CHECK_FALSE(DataBlock::check(good + "x").empty());
  // Whatever a byte of the header or of the ends becomes: refused, or harmless to read through.
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ change);
      if (!DataBlock::check(bad).empty()) continue;
      const DataBlock block(bad);
      for (std::size_t entry = 0; entry < block.entries(); ++entry) {
        REQUIRE(block.value(entry).size() <= bad.size());
        REQUIRE(block.key(entry).size() <= bad.size());
      }
      REQUIRE(block.lower_bound("abcdefghijkl", 8) <= block.entries());
      static_cast<void>(block.find("b", key_tag(key_hash("b")), 7));
    }
  }
}

}  // namespace
}  // namespace kvhost::engine
