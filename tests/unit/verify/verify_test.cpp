// verify_database(): finds whatever is wrong, and nothing where nothing is.
#include "kvhost/engine/verify.hpp"

#include <algorithm>

#include "support/damaged_database.hpp"
#include "version/version_set.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

VerifyReport verify(DamagedDatabase& database, const std::string& directory = "db") {
  auto report = verify_database(database.disk, directory);
  INFO(report.status().to_string());
  REQUIRE(report.has_value());
  return *report;
}

bool names(const VerifyReport& report, const std::string& words) {
  return std::any_of(report.damage.begin(), report.damage.end(), [&](const Damage& one) {
    return (one.file + " " + one.problem).find(words) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("verify: a whole database has no finding, and every file of it was read") {
  DamagedDatabase database;
  std::vector<std::string> read;
  VerifyOptions options;
  options.on_file = [&](std::string_view path, uint64_t) { read.emplace_back(path); };
  const auto report = verify_database(database.disk, "db", options);
  REQUIRE(report.has_value());
  CHECK(report->is_whole());
  CHECK(report->tables == database.tables().size());
  CHECK(report->log_records == 3);
  CHECK(report->last_sequence == database.last_sequence());
  CHECK(report->records > 40);
  CHECK(report->range_tombstones >= 1);
  for (const std::string& table : database.tables()) {
    CHECK(std::find(read.begin(), read.end(), table) != read.end());
  }
  // It changed nothing: the database opens and holds what it held.
  CHECK(database.contents_of("db") == database.contents());
}

TEST_CASE("verify: any flipped byte of any table or MANIFEST is found") {
  DamagedDatabase database;
  for (const std::string& path : database.files("db")) {
    const bool is_log = path.find("/wal/") != std::string::npos;
    const uint64_t size = *database.disk.file_size(path);
    // Of the log the records' own stretch: what lies behind their end means nothing.
    const uint64_t step = is_log ? 97 : 13;
    const bool is_spare = path.find("spare") != std::string::npos;
    if (is_spare) continue;
    for (uint64_t offset = 0; offset < size; offset += step) {
      database.disk.flip_bits(path, offset, 0x10);
      const VerifyReport report = verify(database);
      INFO(path << " at " << offset);
      if (!is_log) CHECK_FALSE(report.is_whole());
      for (const Damage& one : report.damage) {
        CHECK_FALSE(one.file.empty());
        CHECK(one.problem.find("expected") != std::string::npos);
      }
      database.disk.flip_bits(path, offset, 0x10);
    }
  }
  CHECK(verify(database).is_whole());
}

TEST_CASE("verify: what is missing, cut short or exchanged is named") {
  DamagedDatabase database;
  const std::vector<std::string> tables = database.tables();
  REQUIRE(tables.size() >= 2);
  SECTION("a missing table") {
    REQUIRE(database.disk.remove(tables[0]).is_ok());
    CHECK(names(verify(database), tables[0]));
    CHECK(names(verify(database), "found no file"));
  }
  SECTION("a short table") {
    REQUIRE(database.disk.truncate(tables[1], 100).is_ok());
    CHECK(names(verify(database), tables[1]));
  }
  SECTION("two tables under each other's names") {
    REQUIRE(database.disk.rename(tables[0], "x").is_ok());
    REQUIRE(database.disk.rename(tables[1], tables[0]).is_ok());
    REQUIRE(database.disk.rename("x", tables[1]).is_ok());
    const VerifyReport report = verify(database);
    CHECK(names(report, tables[0]));
    CHECK(names(report, tables[1]));
  }
  SECTION("no CURRENT") {
    REQUIRE(database.disk.remove("db/CURRENT").is_ok());
    CHECK(names(verify(database), "CURRENT"));
  }
  SECTION("every finding is told, not the first alone") {
    for (const std::string& table : tables) REQUIRE(database.disk.remove(table).is_ok());
    CHECK(verify(database).damage.size() == tables.size());
  }
}

TEST_CASE("verify: runs in the wrong order are found, though every table is whole") {
  DamagedDatabase database;
  {
    auto versions = VersionSet::open(database.disk, "db", {}, null_logger());
    REQUIRE(versions.has_value());
    // The flushed table, newer, goes behind the merged ones.
    const VersionPtr tree = (*versions)->current();
    REQUIRE(tree->runs().size() == 2);
    const SortedRun& newest = *tree->runs()[0];
    VersionEdit edit;
    const uint64_t run = (*versions)->new_run_id();
    edit.new_runs.push_back({run, tree->runs()[1]->level(), NewRun::kBack});
    for (const TableFilePtr& file : newest.files()) {
      edit.removed_files.push_back(file->number());
      edit.added_files.push_back({run, file->metadata()});
    }
    const auto applied = (*versions)->log_and_apply(edit);
    INFO(applied.status().to_string());
    REQUIRE(applied.has_value());
  }
  CHECK(names(verify(database), "runs are out of order"));
}

TEST_CASE("verify: a table that nothing names is a note, not damage") {
  DamagedDatabase database;
  REQUIRE(database.disk.link(database.tables()[0], "db/tables/000999.sst").is_ok());
  const VerifyReport report = verify(database);
  CHECK(report.is_whole());
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("000999.sst") != std::string::npos);
}

TEST_CASE("verify: an open database, and a place without one, are refused") {
  DamagedDatabase database;
  CHECK(verify_database(database.disk, "nowhere").status().code() == StatusCode::INVALID_ARGUMENT);
  REQUIRE(database.disk.create_directories("empty").is_ok());
  CHECK(verify_database(database.disk, "empty").status().code() == StatusCode::INVALID_ARGUMENT);
  const auto engine = database.open("db");
  CHECK(verify_database(database.disk, "db").status().code() == StatusCode::LOCKED);
}

TEST_CASE("verify: a checkpoint is checked without leaving a trace in it") {
  DamagedDatabase database;
  REQUIRE(database.open("db")->checkpoint("copy").is_ok());
  const auto before = database.files("copy");
  CHECK(verify(database, "copy").is_whole());
  CHECK(database.files("copy") == before);
}
