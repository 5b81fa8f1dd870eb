// Damage of every kind at every place: the log answers with the truth, with less of it, or with an
// error, never with something that was not written.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "log_world.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace kvhost::engine::testing {
namespace {

TEST_CASE("a flipped bit anywhere yields a prefix or an error") {
  LogWorld world;
  world.options.segment_size = 8192;
  world.start();
  Payloads written;
  for (int i = 0; i < 12; ++i) {
    written.push_back(std::string(static_cast<std::size_t>(i * 7), 'a') + std::to_string(i));
    world.append_synced(written.back());
    if (i == 7) REQUIRE(world.log->rotate().is_ok());
  }
  const LogPosition end = world.log->end_position();
  world.lose_power();
  int errors = 0, prefixes = 0;
  for (uint64_t segment = 1; segment <= 2; ++segment) {
    const std::string path = "/wal/" + segment_file_name(segment);
    for (uint64_t at = 0; at < 6000; ++at) {
      const auto mask = static_cast<uint8_t>(1 << at % 8);
      world.files.flip_bits(path, at, mask);
      const auto found = recover(world.files, "/wal");
      world.files.flip_bits(path, at, mask);
      if (!found) {
        ++errors;
        continue;
      }
      ++prefixes;
      REQUIRE(found->payloads.size() <= written.size());
      REQUIRE(std::equal(found->payloads.begin(), found->payloads.end(), written.begin()));
      // Only the very last record has nothing after it that proves it; padding proves nothing at
      // all.
      REQUIRE(found->payloads.size() + 1 >= written.size());
    }
  }
  CHECK(errors > 8192);
  CHECK(prefixes > 0);
  CHECK(recover(world.files, "/wal", {{}, end}).value().payloads == written);
}

TEST_CASE("a segment cut short anywhere yields an error when the log went on after it") {
  for (uint64_t size = 0; size < 8000; size += 97) {
    LogWorld world;
    world.options.segment_size = 8192;
    world.start();
    while (world.log->end_position().offset < 8000) world.append("record");
    REQUIRE(world.log->rotate().is_ok());
    world.lose_power();
    REQUIRE(world.files.truncate("/wal/000001.log", size).is_ok());
    INFO("cut to " << size);
    CHECK(world.refused().code() == StatusCode::CORRUPTION);
  }
}

TEST_CASE("a record that reaches over the place where the log left its segment is damage") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  world.append_synced("two");
  const uint64_t incarnation = recover(world.files, "/wal").value().end.incarnation;
  REQUIRE(world.log->rotate().is_ok());
  world.kill();
  SegmentHeader header;
  header.number = 2;
  header.incarnation = 5;
  header.previous_end = {1, kSegmentHeaderSize + record_size(3) + 8};
  header.previous_incarnation = incarnation;
  world.damage("/wal/000002.log", 0, encode_segment_header(header));
  const Status status = world.refused();
  CHECK(status.code() == StatusCode::CORRUPTION);
  CHECK_THAT(status.message(), Catch::Contains("expected an end at or before"));
}

TEST_CASE("a segment that names a later one as its past is refused, not followed in circles") {
  LogWorld world;
  world.start();
  world.kill();
  SegmentHeader header;
  header.number = 1;
  header.previous_end = {1, 4096};
  world.damage("/wal/000001.log", 0, encode_segment_header(header));
  CHECK_THAT(world.refused().message(), Catch::Contains("expected a segment before 1, found 1"));
}

// What the fuzz target begins from: records as they follow its own header of incarnation 7.
std::vector<std::pair<std::string, std::string>> corpus_inputs() {
  std::string good;
  append_record(good, RecordKind::kPayload, "payload", {1, kSegmentHeaderSize}, 7, {});
  const LogPosition second{1, kSegmentHeaderSize + good.size()};
  std::string two = good, marked = good;
  append_record(two, RecordKind::kPayload, "more", second, 7, {1, kSegmentHeaderSize});
  append_record(marked, RecordKind::kMark, "", second, 7, second);
  std::string large;
  append_record(large, RecordKind::kPayload, std::string(50'000, 'l'), {1, kSegmentHeaderSize}, 7,
                {});
  std::string damaged = two;
  damaged[kRecordHeaderSize] = 'P';
  SegmentHeader header;
  header.number = 1;
  header.incarnation = 7;
  header.previous_end = {900, 1 << 30};
  return {{"empty", ""},
          {"record", good},
          {"two-records", two},
          {"record-and-mark", marked},
          {"length-beyond-file", large.substr(0, kRecordHeaderSize)},
          {"damage-before-a-record", damaged},
          {"zeros", std::string(64, '\0')},
          {"header-of-a-lost-past", encode_segment_header(header)}};
}

TEST_CASE("the corpus of the fuzz target") {
  int inputs = 0;
  const std::filesystem::path corpus = kvhost::testing::test_data() + "/log/corpus";
  if (kvhost::testing::is_rewriting()) {
    std::filesystem::create_directories(corpus);
    for (const auto& [name, bytes] : corpus_inputs()) {
      std::ofstream(corpus / name, std::ios::binary) << bytes;
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()) ==
          0);
    ++inputs;
  }
  CHECK(inputs >= 8);
}

TEST_CASE("random bytes and random damage through the fuzz target") {
  Random random(3);
  std::string record;
  append_record(record, RecordKind::kPayload, "payload", {1, kSegmentHeaderSize}, 7, {});
  append_record(record, RecordKind::kPayload, std::string(300, 'p'),
                {1, kSegmentHeaderSize + record.size()}, 7, {1, kSegmentHeaderSize});
  for (int i = 0; i < 2000; ++i) {
    std::string input = random.one_in(2) ? record : std::string(random.below(200), '\0');
    for (uint64_t flips = random.below(4); flips > 0 && !input.empty(); --flips) {
      input[random.below(input.size())] = static_cast<char>(random.next());
    }
    if (random.one_in(4)) input.resize(random.below(input.size() + 1));
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()) ==
          0);
  }
}

}  // namespace
}  // namespace kvhost::engine::testing
