#include "kvhost/engine/inspect_table.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/crash_file_system.hpp"
#include "unit/sstable/table_fixture.hpp"

namespace kvhost::engine {
namespace {

using namespace test;

void put_file(FileSystem& files, const std::string& path, const std::string& bytes) {
  auto file = files.create(path);
  REQUIRE(file);
  REQUIRE((*file)->append(bytes).is_ok());
  REQUIRE((*file)->close().is_ok());
}

TEST_CASE("inspection tells what a table holds, block by block") {
  RecordModel model;
  for (int i = 0; i < 50; ++i) {
    model.add({"key" + std::to_string(100 + i), std::string(40, 'v'), 1u + i,
               i % 10 == 0 ? RecordType::kTombstone : RecordType::kPut, i == 7 ? 5000u : 0u});
  }
  TableOptions options = options_for_test();
  options.codec = Codec::kLz4;
  options.block_bytes = 1000;
  const BuiltTable table = build_table(options, model, {{"x", "y", 60}});
  testing::CrashFileSystem files;
  put_file(files, "/000007.sst", table.bytes);
  std::vector<std::string> keys;
  InspectTableOptions inspect;
  inspect.verify = true;
  inspect.on_record = [&keys](const InspectedRecord& record) {
    keys.emplace_back(record.key);
    return keys.size() < 20;
  };
  const auto report = inspect_table(files, "/000007.sst", inspect);
  REQUIRE(report.status().to_string() == "ok");
  CHECK(report->identity == "0123456789abcdeffedcba9876543210");
  CHECK(report->format_version == 1);
  CHECK(report->codec == "lz4");
  CHECK(report->entries == 50);
  CHECK(report->tombstones == 5);
  CHECK(report->expiring_entries == 1);
  CHECK(report->max_expires_at_ms == 5000);
  CHECK(report->largest_key == "y");
  CHECK(report->largest_is_exclusive);
  CHECK(report->file_bytes == table.bytes.size());
  REQUIRE(report->range_tombstones.size() == 1);
  CHECK(report->range_tombstones[0].end == "y");
  CHECK(keys.size() == 20);
  uint64_t entries = 0, end = 64;
  for (const InspectedBlock& block : report->blocks) {
    if (block.kind != "data") continue;
    CHECK(block.offset == end);
    CHECK(block.codec == "lz4");
    CHECK(block.first_key == "key" + std::to_string(100 + entries));
    CHECK(block.raw_bytes > block.stored_bytes);
    entries += block.entries;
    end += block.stored_bytes;
    CHECK(block.last_key == "key" + std::to_string(99 + entries));
  }
  CHECK(entries == 50);
  std::vector<std::string> kinds;
  for (const InspectedBlock& block : report->blocks) {
    if (kinds.empty() || kinds.back() != block.kind) kinds.push_back(block.kind);
  }
  CHECK(kinds ==
        std::vector<std::string>{"data", "filter", "range-tombstones", "fences", "properties"});
}

TEST_CASE("inspection names what is wrong with a file") {
  testing::CrashFileSystem files;
  put_file(files, "/text.sst", std::string(500, 'x'));
  const auto report = inspect_table(files, "/text.sst");
  REQUIRE_FALSE(report);
  CHECK(report.error().to_string() ==
        "corruption: /text.sst: offset 372: footer: no table magic: expected ELBATHVK; the file is "
        "cut off or no table");
  put_file(files, "/empty.sst", "");
  CHECK(inspect_table(files, "/empty.sst").error().to_string() ==
        "corruption: /empty.sst: offset 0: file is shorter than a table's header and footer: at "
        "least expected 192, found 0");
  CHECK_FALSE(inspect_table(files, "/missing.sst"));
}

}  // namespace
}  // namespace kvhost::engine
