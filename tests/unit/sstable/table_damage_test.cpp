// Damage: every flipped bit and every cut is noticed or does no harm; no wrong value comes out.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/coding.hpp"
#include "base/hash.hpp"
#include "sstable/table_frame.hpp"
#include "unit/sstable/table_fixture.hpp"

namespace kvhost::engine {
namespace {

using namespace test;

RecordModel small_model() {
  RecordModel model;
  for (int i = 0; i < 24; ++i) {
    model.add({"key" + std::to_string(i), "value of " + std::to_string(i), 10u + i,
               i % 5 == 0 ? RecordType::kTombstone : RecordType::kPut, i % 7 == 0 ? 1000u + i : 0});
    if (i % 4 == 0) model.add({"key" + std::to_string(i), "older", 5});
  }
  return model;
}

TableOptions small_options(Codec codec) {
  TableOptions options = options_for_test();
  options.codec = codec;
  options.block_bytes = 300;
  return options;
}

// Reads everything there is; false at the first error. A wrong answer fails the test.
bool reads_right_or_fails(const std::string& bytes, const RecordModel& model) {
  const auto reader = try_open(bytes);
  if (!reader) {
    REQUIRE((reader.error().code() == StatusCode::CORRUPTION ||
             reader.error().code() == StatusCode::FORMAT_UNSUPPORTED));
    REQUIRE(reader.error().message().find("test.sst") != std::string::npos);
    return false;
  }
  bool is_sound = true;
  for (const auto& [place, record] : model.records()) {
    const auto hit = (*reader)->get(record.key, record.sequence, key_hash(record.key));
    if (!hit) {
      REQUIRE(hit.error().code() == StatusCode::CORRUPTION);
      is_sound = false;
      continue;
    }
    REQUIRE(*hit);
    REQUIRE((*hit)->record.value == record.value);
    REQUIRE((*hit)->record.sequence == record.sequence);
    REQUIRE((*hit)->record.type == record.type);
    REQUIRE((*hit)->record.expires_at_ms == record.expires_at_ms);
  }
  const auto iterator = (*reader)->iterator();
  auto expected = model.records().begin();
  for (iterator->seek_to_first(); iterator->valid(); iterator->next(), ++expected) {
    REQUIRE(expected != model.records().end());
    REQUIRE(owned(iterator->record()) == expected->second);
  }
  is_sound = is_sound && iterator->status().is_ok();
  if (iterator->status().is_ok()) REQUIRE(expected == model.records().end());
  const auto verified = (*reader)->verify_all();
  REQUIRE((is_sound || !verified.is_ok()));
  REQUIRE((*reader)->range_tombstones()->covering_sequence("m", kMaxSequence) == 77);
  return is_sound && verified.is_ok();
}

TEST_CASE("a flipped bit anywhere does no harm to readers and is noticed by a check") {
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    const RecordModel model = small_model();
    const BuiltTable table = build_table(small_options(codec), model, {{"l", "n", 77}});
    REQUIRE(reads_right_or_fails(table.bytes, model));
    std::size_t unnoticed = 0;
    for (std::size_t i = 0; i < table.bytes.size(); ++i) {
      for (const int bit : {0, 3, 7}) {
        std::string bad = table.bytes;
        bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
        unnoticed += reads_right_or_fails(bad, model) ? 1 : 0;
      }
    }
    CHECK(unnoticed == 0);
  }
}

TEST_CASE("a damaged block spares the keys of the others") {
  const RecordModel model = small_model();
  BuiltTable table = build_table(small_options(Codec::kNone), model);
  REQUIRE(table.properties.data_blocks > 2);
  table.bytes[kTableHeaderBytes + 60] ^= 1;
  const auto reader = open_table(table);
  int failed = 0, read = 0;
  for (const auto& [place, record] : model.records()) {
    const auto hit = reader->get(record.key, record.sequence, key_hash(record.key));
    if (hit) {
      REQUIRE((*hit)->record.value == record.value);
      ++read;
    } else {
      ++failed;
      CHECK_THAT(hit.error().to_string(),
                 Catch::Matchers::StartsWith("corruption: test.sst: offset 64: data block of ") &&
                     Catch::Matchers::Contains("wrong checksum: expected "));
    }
  }
  CHECK(failed > 0);
  CHECK(read > 0);
  CHECK(reader->verify_all().code() == StatusCode::CORRUPTION);
  const auto iterator = reader->iterator();
  iterator->seek_to_first();
  CHECK_FALSE(iterator->valid());
  CHECK(iterator->status().code() == StatusCode::CORRUPTION);
  iterator->seek_to_last();
  CHECK(iterator->valid());
  CHECK(iterator->status().is_ok());
}

TEST_CASE("a file cut off anywhere is refused") {
  const BuiltTable table = build_table(small_options(Codec::kNone), small_model());
  for (std::size_t size = 0; size < table.bytes.size(); ++size) {
    const auto reader = try_open(table.bytes.substr(0, size));
    REQUIRE_FALSE(reader);
    REQUIRE(reader.error().code() == StatusCode::CORRUPTION);
  }
  const auto longer = try_open(table.bytes + std::string(1, '\0'));
  REQUIRE_FALSE(longer);
}

TEST_CASE("a block of another file or place is not taken for this one's") {
  const RecordModel model = small_model();
  const BuiltTable first = build_table(small_options(Codec::kNone), model);
  TableOptions other_options = small_options(Codec::kNone);
  other_options.identity.low ^= 1;
  const BuiltTable other = build_table(other_options, model);
  REQUIRE(first.bytes.size() == other.bytes.size());
  std::string mixed = first.bytes;
  const std::size_t data_bytes = first.properties.data_bytes;
  mixed.replace(kTableHeaderBytes, data_bytes, other.bytes.substr(kTableHeaderBytes, data_bytes));
  const auto reader = try_open(mixed);
  REQUIRE(reader);
  CHECK((*reader)->verify_all().code() == StatusCode::CORRUPTION);
  std::string wrong_header =
      other.bytes.substr(0, kTableHeaderBytes) + first.bytes.substr(kTableHeaderBytes);
  const auto refused = try_open(wrong_header);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message(), Catch::Matchers::Contains("file identity: expected"));
  const auto expected_other = TableReader::open(std::make_unique<StringFile>(first.bytes),
                                                "test.sst", {}, other_options.identity);
  REQUIRE_FALSE(expected_other);
}

TEST_CASE("a later format version is refused with its number") {
  const BuiltTable table = build_table(small_options(Codec::kNone), small_model());
  std::string later = table.bytes;
  store_fixed32(later.data() + later.size() - kTableFooterBytes + 96, 2);
  const auto reader = try_open(later);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().to_string() ==
        "format-unsupported: test.sst: table format version: expected 1, found 2");
}

// A footer that is forged throughout, checksum included: only its claims lie.
std::string forged(const BuiltTable& table, std::size_t field, uint64_t value) {
  std::string bytes = table.bytes;
  char* footer = bytes.data() + bytes.size() - kTableFooterBytes;
  store_fixed64(footer + field, value);
  store_fixed64(footer + kTableFooterBytes - 16, checksum64({footer, kTableFooterBytes - 16}));
  return bytes;
}

TEST_CASE("lying lengths are refused before memory is taken for them") {
  const BuiltTable table =
      build_table(small_options(Codec::kNone), small_model(), {{"l", "n", 77}});
  for (std::size_t field = 0; field < 96; field += 8) {
    for (const uint64_t value : {uint64_t{1}, uint64_t{63}, uint64_t{1} << 20, uint64_t{1} << 40,
                                 UINT64_MAX, UINT64_MAX - 100}) {
      INFO("footer byte " << field << " = " << value);
      const auto reader = try_open(forged(table, field, value));
      CHECK_FALSE(reader);
    }
  }
}

}  // namespace
}  // namespace kvhost::engine
