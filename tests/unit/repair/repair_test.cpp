// repair_database(): keeps what is whole, tells what is lost, touches nothing of the old.
#include "kvhost/engine/repair.hpp"

#include "kvhost/engine/verify.hpp"
#include "support/damaged_database.hpp"
#include "support/fault_file_system.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

RepairReport repair(DamagedDatabase& database) {
  RepairOptions options;
  options.clock = &database.clock;
  auto report = repair_database(database.disk, "db", "new", options);
  INFO(report.status().to_string());
  REQUIRE(report.has_value());
  const auto checked = verify_database(database.disk, "new");
  REQUIRE(checked.has_value());
  CHECK(checked->is_whole());
  return *report;
}

std::string all_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string bytes_of(DamagedDatabase& database, const std::string& path) {
  std::string bytes(*database.disk.file_size(path), '\0');
  REQUIRE((*database.disk.open_for_reading(path))->read_at(0, bytes).has_value());
  return bytes;
}

// The segment with the records that are in no table. One that was begun ahead may follow it.
std::string last_used_segment(DamagedDatabase& database) {
  std::string last;
  for (const std::string& path : database.files("db/wal")) {
    const bool is_used = bytes_of(database, path).find("in the log") != std::string::npos;
    if (path.ends_with(".log") && is_used) last = path;
  }
  REQUIRE_FALSE(last.empty());
  return last;
}

}  // namespace

TEST_CASE("repair: of a sound database nothing is lost, and numbers go on") {
  DamagedDatabase database;
  const RepairReport report = repair(database);
  CHECK(report.lost.empty());
  CHECK(report.notes.empty());
  CHECK(report.had_tree);
  CHECK(report.log_batches_kept == 3);
  CHECK(report.last_sequence == database.last_sequence());
  CHECK(database.contents_of("new") == database.contents());
  const auto engine = database.open("new");
  CHECK(engine->last_sequence() >= database.last_sequence());
  DamagedDatabase::put(*engine, "later", "1");
  CHECK(engine->get({}, 0, "later")->version > database.last_sequence());
}

TEST_CASE("repair: without CURRENT or MANIFEST the tables are merged by their numbers") {
  DamagedDatabase database;
  const bool has_current = GENERATE(true, false);
  if (has_current) {
    for (const std::string& path : database.files("db")) {
      if (path.find("MANIFEST") != std::string::npos) database.disk.flip_bits(path, 60, 0xFF);
    }
  } else {
    REQUIRE(database.disk.remove("db/CURRENT").is_ok());
  }
  CHECK_FALSE(database.try_open("db").has_value());
  const RepairReport report = repair(database);
  CHECK_FALSE(report.had_tree);
  REQUIRE(report.lost.size() == 1);
  CHECK(report.lost[0].find("the tree of tables") == 0);
  CHECK(database.contents_of("new") == database.contents());
  const auto engine = database.open("new");
  CHECK(engine->last_sequence() > database.last_sequence());
}

TEST_CASE("repair: a damaged table is left out and told with its keys, the others stay") {
  DamagedDatabase database;
  const std::vector<std::string> tables = database.tables();
  for (const std::string& damaged : tables) {
    DamagedDatabase fresh;
    fresh.disk.flip_bits(damaged, *fresh.disk.file_size(damaged) / 2, 0x01);
    const RepairReport report = repair(fresh);
    INFO(damaged << "\n" << all_lines(report.lost));
    CHECK(report.tables_lost == 1);
    CHECK(report.tables_kept == tables.size() - 1);
    REQUIRE(report.lost.size() == 1);
    CHECK(report.lost[0].find(damaged.substr(damaged.rfind('/') + 1)) == 0);
    CHECK(report.lost[0].find("keys \"") != std::string::npos);
    CHECK(report.lost[0].find("expected") != std::string::npos);
    CHECK_FALSE(report.notes.empty());
    // Whatever is there is a value that was written under that key.
    for (const auto& [key, value] : fresh.contents_of("new")) {
      const bool is_old = value == std::string(300, 'v') || value == "newer";
      CHECK((is_old || fresh.contents().at(key) == value));
    }
    CHECK(fresh.contents_of("new").at("c") == "in the log");
  }
}

TEST_CASE("repair: records of the log behind a damaged one are kept, the gap is told") {
  DamagedDatabase database;
  const std::string segment = last_used_segment(database);
  // The first of the three records that are in no table: "c".
  const std::size_t at = bytes_of(database, segment).rfind("in the log");
  REQUIRE(at != std::string::npos);
  database.disk.flip_bits(segment, at, 0x04);
  CHECK(database.try_open("db").status().code() == StatusCode::CORRUPTION);

  const RepairReport report = repair(database);
  INFO(all_lines(report.lost));
  CHECK(report.log_batches_kept == 2);
  CHECK(all_lines(report.lost).find(segment) != std::string::npos);
  CHECK(all_lines(report.lost).find("sequence numbers") != std::string::npos);
  auto expected = database.contents();
  expected.erase("c");
  CHECK(database.contents_of("new") == expected);
}

TEST_CASE("repair: a lost segment costs what was in it and nothing else") {
  DamagedDatabase database;
  REQUIRE(database.disk.remove(last_used_segment(database)).is_ok());
  const RepairReport report = repair(database);
  CHECK(report.tables_lost == 0);
  const auto contents = database.contents_of("new");
  CHECK(contents.at("b") == "second table");
  CHECK_FALSE(contents.contains("c"));
}

TEST_CASE("repair: the old database is only read, and an existing target is refused") {
  DamagedDatabase database;
  const auto before = database.files("db");
  const uint64_t damaged_at = 70;
  database.disk.flip_bits(before.front(), damaged_at % *database.disk.file_size(before.front()), 1);
  repair(database);
  CHECK(database.files("db") == before);
  CHECK(repair_database(database.disk, "db", "new").status().code() == StatusCode::CONFLICT);
  const auto engine = database.open("new");
  CHECK(repair_database(database.disk, "new", "other").status().code() == StatusCode::LOCKED);
  CHECK(repair_database(database.disk, "nowhere", "other").status().code() ==
        StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("repair: every call may fail once, the next attempt succeeds") {
  const bool has_tree = GENERATE(true, false);
  for (int nth = 1;; ++nth) {
    DamagedDatabase database;
    if (!has_tree) REQUIRE(database.disk.remove("db/CURRENT").is_ok());
    FaultFileSystem faults(database.disk);
    faults.fail("create,append,write,sync,syncdir,rename,mkdir,preallocate new* nth=" +
                std::to_string(nth) + " once ENOSPC");
    const auto first = repair_database(faults, "db", "new");
    if (faults.faults() == 0) {
      CHECK(nth > 10);
      break;
    }
    INFO("the " << nth << "th call: " << first.status().to_string());
    if (!first) {
      CHECK_FALSE(*database.disk.exists("new/CURRENT"));
      REQUIRE(repair_database(database.disk, "db", "new").has_value());
    }
    CHECK(database.contents_of("new") == database.contents());
  }
}

TEST_CASE("repair: power may fail at every call, the next attempt succeeds") {
  for (uint64_t call = 1;; ++call) {
    DamagedDatabase database;
    database.disk.set_crash_after(call, call);
    const auto first = repair_database(database.disk, "db", "new");
    const bool died = database.disk.is_dead();
    database.disk.crash({true, call});
    INFO("power fails at call " << call);
    if (*database.disk.exists("new")) {
      CHECK(database.contents_of("new") == database.contents());
    } else {
      CHECK_FALSE(first.has_value());
      REQUIRE(repair_database(database.disk, "db", "new").has_value());
      CHECK(database.contents_of("new") == database.contents());
    }
    if (!died) {
      CHECK(call > 10);
      break;
    }
  }
}
