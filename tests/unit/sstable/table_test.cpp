#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "unit/sstable/table_fixture.hpp"

namespace kvhost::engine {
namespace {

using namespace test;

RecordModel numbered(int count, std::size_t value_bytes) {
  RecordModel model;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(1'000'000 + i);
    model.add({"key" + number, std::string(value_bytes, static_cast<char>('a' + i % 26)),
               static_cast<SequenceNumber>(i + 1)});
  }
  return model;
}

TEST_CASE("a table gives back what was put in") {
  const RecordModel model = numbered(1000, 100);
  const BuiltTable table = build_table(options_for_test(), model);
  const auto reader = open_table(table);
  CHECK(reader->properties() == table.properties);
  CHECK(reader->verify_all().to_string() == "ok");
  for (const auto& [place, record] : model.records()) REQUIRE(get(*reader, record.key) == record);
  CHECK_FALSE(get(*reader, "key"));
  CHECK_FALSE(get(*reader, "key9999999"));
  CHECK_FALSE(get(*reader, ""));
  const TableProperties& properties = table.properties;
  CHECK(properties.entries == 1000);
  CHECK(properties.distinct_keys == 1000);
  CHECK(properties.smallest_key == "key1000000");
  CHECK(properties.largest_key == "key1000999");
  CHECK_FALSE(properties.largest_is_exclusive);
  CHECK(properties.min_sequence == 1);
  CHECK(properties.max_sequence == 1000);
  CHECK(properties.raw_key_bytes == 10'000);
  CHECK(properties.raw_value_bytes == 100'000);
  CHECK(properties.file_bytes == table.bytes.size());
}

TEST_CASE("uncompressed blocks end at pages and waste little") {
  for (const std::size_t value_bytes : {10, 100, 500, 1000, 1400, 3000, 5000, 16384, 70000}) {
    INFO("values of " << value_bytes);
    const int count = static_cast<int>(std::max<std::size_t>(20, 400'000 / value_bytes));
    const BuiltTable table = build_table(options_for_test(), numbered(count, value_bytes));
    const TableProperties& properties = table.properties;
    const double raw = static_cast<double>(properties.raw_key_bytes + properties.raw_value_bytes);
    CHECK(static_cast<double>(properties.data_bytes) <
          raw * 1.2 + static_cast<double>(properties.entries) * 16);
    const auto reader = open_table(table);
    for (int i = 0; i < count; i += 7) {
      const uint64_t offset = reader->approximate_offset("key" + std::to_string(1'000'000 + i));
      CHECK((offset == 0 || offset == 64 || offset % 4096 == 0));
    }
  }
}

TEST_CASE("the estimate of a file's size is close") {
  for (const Codec codec : {Codec::kNone, Codec::kLz4}) {
    TableOptions options = options_for_test();
    options.codec = codec;
    std::string bytes;
    TableBuilder builder(options, std::make_unique<StringSink>(bytes), "test.sst");
    const RecordModel model = numbered(5000, 100);
    for (const auto& [place, record] : model.records()) {
      REQUIRE(builder.add(record.view()).is_ok());
    }
    const uint64_t estimate = builder.estimated_file_size();
    REQUIRE(builder.finish());
    CHECK(estimate > bytes.size() - 4096);
    CHECK(estimate < bytes.size() + 4096);
  }
}

TEST_CASE("range tombstones widen the bounds, whose end is exclusive") {
  RecordModel model;
  model.add({"k", "v", 5});
  const BuiltTable table =
      build_table(options_for_test(), model, {{"m", "q", 9}, {"b", "c", 2}, {"z", "z", 30}});
  CHECK(table.properties.smallest_key == "b");
  CHECK(table.properties.largest_key == "q");
  CHECK(table.properties.largest_is_exclusive);
  CHECK(table.properties.min_sequence == 2);
  CHECK(table.properties.max_sequence == 9);
  CHECK(table.properties.range_tombstones == 2);
  const auto reader = open_table(table);
  CHECK(reader->range_tombstones()->covering_sequence("n", kMaxSequence) == 9);
  CHECK(reader->range_tombstones()->covering_sequence("n", 8) == 0);
  CHECK(reader->range_tombstones()->covering_sequence("bz", kMaxSequence) == 2);
  CHECK(reader->verify_all().to_string() == "ok");
  const BuiltTable touching = build_table(options_for_test(), model, {{"a", "k", 9}});
  CHECK(touching.properties.largest_key == "k");
  CHECK_FALSE(touching.properties.largest_is_exclusive);
}

TEST_CASE("a table may hold range tombstones alone") {
  const BuiltTable table = build_table(options_for_test(), {}, {{"b", "d", 7}});
  CHECK(table.properties.entries == 0);
  CHECK(table.properties.min_sequence == 7);
  const auto reader = open_table(table);
  CHECK_FALSE(get(*reader, "c"));
  CHECK(reader->range_tombstones()->covering_sequence("c", kMaxSequence) == 7);
  const auto iterator = reader->iterator();
  iterator->seek_to_first();
  CHECK_FALSE(iterator->valid());
  iterator->seek("c", kMaxSequence);
  CHECK_FALSE(iterator->valid());
  iterator->seek_for_prev("c", 0);
  CHECK_FALSE(iterator->valid());
  iterator->seek_to_last();
  CHECK_FALSE(iterator->valid());
  CHECK(iterator->status().is_ok());
  CHECK(reader->verify_all().to_string() == "ok");
}

TEST_CASE("versions of one key over many blocks are all found") {
  RecordModel model;
  model.add({"a", "v", 1});
  for (SequenceNumber i = 1; i <= 3000; ++i)
    model.add({"hot", "value " + std::to_string(i), i * 2});
  model.add({"z", "v", 1});
  const BuiltTable table = build_table(options_for_test(), model);
  CHECK(table.properties.data_blocks > 5);
  CHECK(table.properties.distinct_keys == 3);
  const auto reader = open_table(table);
  for (SequenceNumber snapshot = 2; snapshot <= 6001; snapshot += 11) {
    REQUIRE(get(*reader, "hot", snapshot)->sequence == snapshot / 2 * 2);
  }
  CHECK_FALSE(get(*reader, "hot", 1));
  CHECK(get(*reader, "z")->value == "v");
  CHECK(reader->verify_all().to_string() == "ok");
  Random random(4);
  walk_like_the_model(*reader->iterator(), model, random, 500);
}

TEST_CASE("the hash of the entries does not depend on their order or table") {
  const RecordModel model = numbered(100, 10);
  RecordModel first, second;
  int i = 0;
  for (const auto& [place, record] : model.records()) (i++ % 3 == 0 ? first : second).add(record);
  const uint64_t whole = build_table(options_for_test(), model).properties.entries_hash;
  CHECK(whole == build_table(options_for_test(), first).properties.entries_hash +
                     build_table(options_for_test(), second).properties.entries_hash);
  OwnedRecord changed = model.records().begin()->second;
  const uint64_t before = record_hash(changed.view());
  changed.value[0] ^= 1;
  CHECK(record_hash(changed.view()) != before);
  changed.value[0] ^= 1;
  changed.expires_at_ms = 1;
  CHECK(record_hash(changed.view()) != before);
}

TEST_CASE("every failing call of the file fails the table") {
  const RecordModel model = numbered(4000, 200);
  for (int fail_at = 1; fail_at <= 6; ++fail_at) {
    std::string bytes;
    TableBuilder builder(options_for_test(), std::make_unique<StringSink>(bytes, fail_at), "t.sst");
    Status status;
    for (const auto& [place, record] : model.records()) {
      status = builder.add(record.view());
      if (!status.is_ok()) break;
    }
    if (status.is_ok()) status = builder.finish().status();
    INFO("call " << fail_at);
    CHECK(status.code() == StatusCode::NO_SPACE);
  }
}

TEST_CASE("a value of many megabytes fits") {
  RecordModel model;
  model.add({"big", std::string(20u << 20, 'x'), 1});
  model.add({"small", "y", 2});
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    TableOptions options = options_for_test();
    options.codec = codec;
    const BuiltTable table = build_table(options, model);
    const auto reader = open_table(table);
    CHECK(get(*reader, "big")->value.size() == 20u << 20);
    CHECK(get(*reader, "small")->value == "y");
    CHECK(reader->verify_all().to_string() == "ok");
    if (codec != Codec::kNone) CHECK(table.bytes.size() < 1u << 20);
  }
}

}  // namespace
}  // namespace kvhost::engine
