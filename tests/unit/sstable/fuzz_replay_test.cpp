// The fuzz target's corpus, and mutations of it, as an ordinary test. The corpus is small:
// tests/data/sstable/*.sst are tables of format version 1, written once and kept for ever.
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sstable/data_block_builder.hpp"
#include "sstable/fences.hpp"
#include "sstable/filter.hpp"
#include "sstable/small_blocks.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"
#include "unit/sstable/table_fixture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace kvhost::engine {
namespace {

using namespace test;

void feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// The records of the kept tables.
RecordModel kept_model() {
  RecordModel model;
  for (int i = 0; i < 40; ++i) {
    OwnedRecord record{"key" + std::to_string(i % 30), "value value value " + std::to_string(i),
                       static_cast<SequenceNumber>(100 + i)};
    if (i % 6 == 0) record = {record.key, "", record.sequence, RecordType::kTombstone};
    if (i % 5 == 0) record.expires_at_ms = 1'700'000'000'000 + static_cast<uint64_t>(i);
    model.add(record);
  }
  return model;
}

std::string kept_path(Codec codec) {
  return kvhost::testing::test_data() + "/sstable/v1-" + std::string(codec_name(codec)) + ".sst";
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream bytes;
  bytes << stream.rdbuf();
  return bytes.str();
}

TEST_CASE("tables of format version 1 are read for ever") {
  const RecordModel model = kept_model();
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    TableOptions options = options_for_test();
    options.codec = codec;
    options.block_bytes = 400;
    const std::string path = kept_path(codec);
    // Only what is missing is written: a kept table never changes.
    if (testing::is_rewriting() && !std::filesystem::exists(path)) {
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      std::ofstream(path, std::ios::binary)
          << build_table(options, model, {{"key5", "key7", 300}}).bytes;
    }
    INFO(path << ": KVHOST_REWRITE=1 writes it when it is missing");
    const auto reader = try_open(read_file(path));
    REQUIRE(reader.status().to_string() == "ok");
    CHECK((*reader)->verify_all().to_string() == "ok");
    CHECK((*reader)->properties().codec == codec);
    CHECK((*reader)->range_tombstones()->covering_sequence("key6", kMaxSequence) == 300);
    for (const auto& [place, record] : model.records()) {
      REQUIRE(get(**reader, record.key, record.sequence) == record);
    }
  }
}

std::vector<std::string> corpus() {
  std::vector<std::string> inputs;
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    inputs.push_back(std::string(1, '\0') + read_file(kept_path(codec)));
  }
  DataBlockBuilder block;
  const RecordModel model = kept_model();
  for (const auto& [place, record] : model.records()) {
    block.add(record.view(), key_tag(key_hash(record.key)));
  }
  inputs.push_back("\1" + block.finish());
  FilterBuilder filter(10);
  for (uint64_t i = 0; i < 100; ++i) filter.add(key_hash(std::to_string(i)));
  inputs.push_back("\2" + filter.finish());
  const std::vector<RangeTombstone> tombstones{{"a", "c", 1}, {"b", "x", 99}};
  inputs.push_back("\3" + encode_range_tombstones(tombstones));
  FenceBuilder fences;
  fences.add_block("apple", "banana", 60);
  fences.add_block("banana", "cherry", 100);
  inputs.push_back("\4" + fences.finish(64));
  inputs.push_back("\5" + encode_properties(build_table(options_for_test(), model).properties));
  inputs.push_back(std::string("\6\x10\0\x1F", 4) + "some bytes that are no LZ4 at all");
  inputs.push_back(std::string("\7\xFF\xFF\x28\xB5\x2F\xFD\0", 8) + "no frame of Zstandard");
  return inputs;
}

TEST_CASE("bytes changed at random do no harm to the reader") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  for (const std::string& good : corpus()) {
    feed(good);
    feed(good.substr(0, good.size() / 2));
    for (int i = 0; i < 1500; ++i) {
      std::string bad = good;
      for (uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
        const std::size_t at = 1 + random.below(bad.size() - 1);
        const uint64_t kind = random.below(4);
        if (kind == 0) bad[at] = static_cast<char>(random.next());
        if (kind == 1) bad[at] = static_cast<char>(random.one_in(2) ? 0xFF : 0);
        if (kind == 2) bad[at] = static_cast<char>(bad[at] ^ (1 << random.below(8)));
        if (kind == 3 && bad.size() > 3) bad.erase(at, 1 + random.below(3));
        if (bad.size() < 2) break;
      }
      feed(bad);
    }
  }
}

}  // namespace
}  // namespace kvhost::engine
