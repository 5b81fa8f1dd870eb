// The bytes on disk: what docs/formats/wal.md says is what the code writes, and what an earlier
// release wrote is still read.
#include "log/log_format.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "file/whole_file.hpp"
#include "log_world.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"

namespace kvhost::engine::testing {
namespace {

std::string file_bytes(FileSystem& files, const std::string& path) {
  return read_whole_file(files, path, 1 << 20).value();
}

// Lines of: offset, bytes, meaning.
class Dump {
 public:
  explicit Dump(std::string bytes) : bytes_(std::move(bytes)) {}

  void field(uint64_t size, const std::string& meaning) {
    std::string hex;
    for (uint64_t i = 0; i < size; ++i) {
      char pair[4];
      std::snprintf(pair, sizeof pair, "%02x ", static_cast<unsigned char>(bytes_[at_ + i]));
      hex += pair;
    }
    for (std::size_t shown = 0; shown < hex.size(); shown += 48) {
      line(at_ + shown / 3, hex.substr(shown, 48), shown == 0 ? meaning : "");
    }
    at_ += size;
  }
  void zeros(uint64_t until, const std::string& meaning) {
    REQUIRE(bytes_.substr(at_, until - at_).find_first_not_of('\0') == std::string::npos);
    line(at_, "00 … 00", meaning);
    at_ = until;
  }
  void record(const std::string& what, uint64_t payload) {
    field(8, what + ": checksum, XXH3-64 of all that follows, payload included");
    field(4, "  check of the header's rest");
    field(4, "  payload length");
    field(1, "  kind");
    field(1, "  reserved, zero");
    field(2, "  durable position: segments back");
    field(4, "  durable position: offset / 8");
    if (payload > 0) field(payload, "  payload");
    const uint64_t padding = record_size(payload) - kRecordHeaderSize - payload;
    if (padding > 0) field(padding, "  padding to 8");
  }
  std::string text() const { return text_; }

 private:
  void line(uint64_t offset, std::string hex, const std::string& meaning) {
    char label[16];
    std::snprintf(label, sizeof label, "%06llx  ", static_cast<unsigned long long>(offset));
    while (!hex.empty() && hex.back() == ' ') hex.pop_back();
    text_ += label + hex;
    // The ellipsis is one column wide and three bytes long.
    const std::size_t columns = hex.find("…") == std::string::npos ? hex.size() : hex.size() - 2;
    if (!meaning.empty()) text_ += std::string(49 - columns, ' ') + meaning;
    text_ += "\n";
  }

  std::string bytes_;
  std::string text_;
  uint64_t at_ = 0;
};

// Two segments; the second is what the dump shows.
void write_sample(LogWorld& world) {
  world.options.segment_size = 8192;
  world.options.incarnation_seed = 2026;
  world.log = std::move(LogWriter::open(world.files, "/wal", world.options, LogEnd{})).value();
  world.append_synced("in the first segment");
  REQUIRE(world.log->rotate().is_ok());
  world.append_synced("put user123");
  world.append("delete user123, unsynced");
  REQUIRE(world.log->close().is_ok());
}

TEST_CASE("the annotated dump of a segment") {
  LogWorld world;
  write_sample(world);
  Dump dump(file_bytes(world.files, "/wal/000002.log"));
  dump.field(8, "magic KVHOSTWL");
  dump.field(4, "format version");
  dump.field(4, "header size");
  dump.field(8, "segment number");
  dump.field(8, "incarnation");
  dump.field(8, "the log before it: segment");
  dump.field(8, "                   ended at offset");
  dump.field(8, "                   incarnation");
  dump.field(8, "durable by then:   segment");
  dump.field(8, "                   offset");
  dump.zeros(4088, "reserved");
  dump.field(8, "checksum, XXH3-64 of the 4088 bytes before");
  dump.record("record", 11);
  dump.record("record", 24);
  dump.record("mark", 0);
  dump.zeros(8192, "pre-written");
  const std::string golden =
      kvhost::testing::golden_text("tests/data/log/segment.txt", dump.text());
  CHECK(dump.text() == golden);
  std::ifstream page(kvhost::testing::source_dir() + "/docs/formats/wal.md");
  std::stringstream text;
  text << page.rdbuf();
  INFO("docs/formats/wal.md shows the dump as it is");
  CHECK(text.str().find(golden) != std::string::npos);
}

TEST_CASE("segments of format version 1 are read for ever") {
  const std::string folder = kvhost::testing::test_data() + "/log/v1";
  if (kvhost::testing::is_rewriting() && !std::filesystem::exists(folder)) {
    LogWorld world;
    write_sample(world);
    std::filesystem::create_directories(folder);
    for (const char* name : {"/000001.log", "/000002.log"}) {
      std::ofstream(folder + name, std::ios::binary)
          << file_bytes(world.files, std::string("/wal") + name);
    }
  }
  const Recovered found = recover(posix_file_system(), folder).value();
  CHECK(found.payloads ==
        Payloads{"in the first segment", "put user123", "delete user123, unsynced"});
  CHECK(found.end.next_segment == 3);
}

TEST_CASE("segment headers come back as they were written, any flipped bit is seen") {
  SegmentHeader header;
  header.number = 7;
  header.incarnation = 0x0123456789ABCDEF;
  header.previous_end = {5, 12345 * 8};
  header.previous_incarnation = 99;
  header.durable = {4, 4096};
  const std::string block = encode_segment_header(header);
  REQUIRE(block.size() == kSegmentHeaderSize);
  CHECK(decode_segment_header(block).value() == header);
  for (std::size_t bit = 0; bit < block.size() * 8; bit += 7) {
    std::string flipped = block;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(decode_segment_header(flipped).has_value());
  }
}

TEST_CASE("a record is bound to its place and its segment's life") {
  const LogPosition at{3, 4096};
  std::string record;
  append_record(record, RecordKind::kPayload, "payload", at, 42, {2, 8000});
  REQUIRE(record.size() == record_size(7));
  const auto header = decode_record_header(record, at, 42);
  REQUIRE(header.has_value());
  CHECK(header->length == 7);
  CHECK(header->durable == LogPosition{2, 8000});
  const std::string_view whole = std::string_view(record).substr(0, kRecordHeaderSize + 7);
  CHECK(record_checksum(whole, at, 42) == header->checksum);
  CHECK_FALSE(decode_record_header(record, at, 43));
  CHECK_FALSE(decode_record_header(record, {3, 4104}, 42));
  CHECK_FALSE(decode_record_header(record.substr(0, kRecordHeaderSize - 1), at, 42));
  for (std::size_t bit = 64; bit < kRecordHeaderSize * 8; ++bit) {
    std::string flipped = record;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CHECK_FALSE(decode_record_header(flipped, at, 42));
  }
}

TEST_CASE("a durable position too far back is left out") {
  const LogPosition at{100'000, 4096};
  std::string record;
  append_record(record, RecordKind::kMark, "", at, 1, {3, 4096});
  const auto header = decode_record_header(record, at, 1);
  REQUIRE(header.has_value());
  CHECK(header->kind == RecordKind::kMark);
  CHECK_FALSE(header->durable.has_value());
}

TEST_CASE("segment file names") {
  CHECK(segment_file_name(7) == "000007.log");
  CHECK(segment_file_name(12'345'678) == "12345678.log");
  CHECK(parse_segment_file_name("000007.log") == 7);
  CHECK(parse_segment_file_name("12345678.log") == 12'345'678);
  for (const char* name : {"7.log", "0000007.log", "000000.log", "000007.sst", "-00007.log", ".log",
                           "99999999999999999999999.log", "spare-000001"}) {
    CHECK_FALSE(parse_segment_file_name(name));
  }
}

}  // namespace
}  // namespace kvhost::engine::testing
