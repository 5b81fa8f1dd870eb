// The bytes of a small table, explained, as docs/formats/sstable.md shows them. A change here is a
// change of the format: see the page for what that asks for.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "sstable/open_table.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"
#include "unit/sstable/hex_dump.hpp"
#include "unit/sstable/table_fixture.hpp"

namespace kvhost::engine {
namespace {

using namespace test;

void dump_data_block(HexDump& dump, const OpenTable& table) {
  const BlockHandle handle = table.fences().handle(0);
  const BlockBuffer stored = *table.read(handle);
  const DataBlockHeader header = DataBlockHeader::load(stored.data());
  const std::size_t n = header.entries;
  dump.title("data block");
  dump.field(4, "entries: " + std::to_string(n));
  dump.field(4, "widths: sequences, expiries, key sizes, value ends");
  dump.field(4, "bytes of the shared prefix: " + std::to_string(header.prefix_size));
  dump.field(4, "suffix bytes of every key (0: the column says)");
  dump.field(4, "bytes of every value (0: the column says)");
  dump.field(4, "types: 2, a column of them; zeros");
  dump.field(8, "lowest sequence number: " + std::to_string(header.sequence_base));
  dump.field(8, "earliest expiry: " + std::to_string(header.expiry_base) + " ms");
  dump.field(4, "bytes of all tails: " + std::to_string(header.tails_bytes));
  dump.field(4, "bytes of all values: " + std::to_string(header.values_bytes));
  for (std::size_t i = 0; i < n; ++i) {
    dump.field(8, "head " + std::to_string(i) + ": the suffix's first bytes, big-endian number");
  }
  dump.field(n, "tags: one byte of each key's hash");
  dump.field(n * header.sequence_width, "sequence numbers above the lowest");
  dump.field(n, "types: 1 put, 0 tombstone");
  dump.field(n * header.expiry_width, "expiries: 0 never, else 1 + ms above the earliest");
  dump.field(n * header.key_width, "suffix bytes of each key");
  dump.field(n * header.key_width, "where each tail ends");
  dump.field(n * header.value_width, "where each value ends");
  dump.field(header.prefix_size, "the prefix");
  dump.field(header.tails_bytes, "tails: what follows the heads");
  dump.field(header.values_bytes, "values");
  dump.field(8, "trailer: codec 0 (none), kind 1 (data), zeros, payload bytes");
  dump.field(8, "checksum");
}

void dump_block(HexDump& dump, const char* title, const BlockHandle& handle,
                const std::string& note) {
  dump.title(title);
  dump.field(handle.size - kBlockTrailerBytes, note);
  dump.field(8, "trailer: codec, kind, zeros, payload bytes");
  dump.field(8, "checksum");
}

std::string dump_table(const std::string& bytes) {
  const auto opened =
      OpenTable::open(std::make_unique<StringFile>(bytes), "t.sst", nullptr, nullptr, std::nullopt);
  REQUIRE(opened.status().to_string() == "ok");
  const OpenTable& table = **opened;
  const TableFooter& footer = table.footer();
  HexDump dump(bytes);
  dump.title("header");
  dump.field(8, "magic: KVHTABLE");
  dump.field(4, "format version: 1");
  dump.field(4, "bytes of the header: 64");
  dump.field(16, "file identity: high half, low half");
  dump.field(24, "zeros");
  dump.field(8, "checksum of the bytes before");
  dump_data_block(dump, table);
  dump.title("gap");
  dump.field(footer.filter.offset - footer.data_end, "zeros up to a multiple of 64");
  dump.title("filter");
  dump.field(footer.filter.size - 16 - kBlockTrailerBytes, "one line of 512 bits");
  dump.field(8, "probes: 6; zeros");
  dump.field(8, "lines: 1");
  dump.field(8, "trailer: codec, kind 2, zeros, payload bytes");
  dump.field(8, "checksum");
  dump_block(dump, "range tombstones", footer.range_tombstones,
             "count; start, end (length and bytes each), sequence number");
  dump_block(dump, "fences", footer.fences, "blocks: 1, the first at 64, its stored bytes");
  dump_block(dump, "properties", footer.properties, "number, length, value of each");
  dump.title("footer");
  for (const char* name : {"filter", "range tombstones", "fences", "properties"}) {
    dump.field(16, std::string(name) + ": offset, stored bytes");
  }
  dump.field(16, "file identity: high half, low half");
  dump.field(8, "end of the data blocks: " + std::to_string(footer.data_end));
  dump.field(8, "bytes of the file: " + std::to_string(footer.file_size));
  dump.field(4, "format version: 1");
  dump.field(12, "zeros");
  dump.field(8, "checksum of the bytes before");
  dump.field(8, "magic: ELBATHVK");
  REQUIRE(dump.at() == bytes.size());
  return dump.text();
}

std::string golden_table() {
  RecordModel model;
  model.add({"user:alice", "engineer", 42});
  model.add({"user:alice", "student", 17});
  model.add({"user:bob", "", 43, RecordType::kTombstone});
  model.add({"user:catherine", "on leave", 44, RecordType::kPut, 1'767'225'600'000});
  return build_table(options_for_test(), model, {{"user:d", "user:f", 45}}).bytes;
}

TEST_CASE("the bytes of a table are those that the format page explains") {
  const std::string dump = dump_table(golden_table());
  CHECK(testing::golden_text("tests/data/sstable/table.txt", dump) == dump);

  // The page shows the same dump between its fences.
  const std::string path = kvhost::testing::source_dir() + "/docs/formats/sstable.md";
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  std::string page = text.str();
  const std::string open = "```hexdump\n";
  const std::size_t begin = page.find(open);
  REQUIRE(begin != std::string::npos);
  const std::size_t from = begin + open.size();
  const std::size_t end = page.find("```", from);
  REQUIRE(end != std::string::npos);
  if (testing::is_rewriting()) {
    page.replace(from, end - from, dump.substr(1));
    std::ofstream(path, std::ios::binary) << page;
  } else {
    INFO("docs/formats/sstable.md is stale: run this test with KVHOST_REWRITE=1");
    CHECK(page.substr(from, end - from) == dump.substr(1));
  }
}

}  // namespace
}  // namespace kvhost::engine
