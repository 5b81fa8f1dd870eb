// Backups: complete or not there, checked when made, checked when used.
#include "kvhost/engine/backup.hpp"

#include "support/damaged_database.hpp"
#include "support/fault_file_system.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

BackupInfo back_up(DamagedDatabase& database, const std::string& source = "db",
                   const std::string& name = "monday") {
  auto made = create_backup(database.disk, source, "backups", name, 1234);
  INFO(made.status().to_string());
  REQUIRE(made.has_value());
  return *made;
}

}  // namespace

TEST_CASE("backup: there and back again, from a stopped node and from a checkpoint") {
  DamagedDatabase database;
  std::string source = "db";
  if (GENERATE(false, true)) {
    REQUIRE(database.open("db")->checkpoint("copy").is_ok());
    source = "copy";
  }
  const BackupInfo made = back_up(database, source);
  CHECK(made.last_sequence == database.last_sequence());
  CHECK(made.bytes() > 1000);
  // The backup stands on its own.
  for (const std::string& path : database.files(source)) {
    REQUIRE(database.disk.remove(path).is_ok());
  }
  const auto restored = restore_backup(database.disk, "backups/monday", "restored");
  INFO(restored.status().to_string());
  REQUIRE(restored.has_value());
  CHECK(*restored == made);
  CHECK(database.contents_of("restored") == database.contents());
}

TEST_CASE("backup: the list names what there is, whole or not") {
  DamagedDatabase database;
  const BackupInfo monday = back_up(database);
  back_up(database, "db", "tuesday");
  database.disk.flip_bits("backups/tuesday/BACKUP", 40, 1);
  REQUIRE(database.disk.create_directories("backups/no-backup").is_ok());
  const auto listed = list_backups(database.disk, "backups");
  REQUIRE(listed.has_value());
  REQUIRE(listed->size() == 2);
  CHECK((*listed)[0].info == monday);
  CHECK((*listed)[1].name == "tuesday");
  CHECK((*listed)[1].status.code() == StatusCode::CORRUPTION);
}

TEST_CASE("backup: any flipped byte of any file is found, and never restored") {
  DamagedDatabase database;
  back_up(database);
  REQUIRE(verify_backup(database.disk, "backups/monday")->is_whole());
  for (const std::string& path : database.files("backups/monday")) {
    const uint64_t size = *database.disk.file_size(path);
    for (const uint64_t offset : {uint64_t{0}, size / 2, size - 1}) {
      database.disk.flip_bits(path, offset, 0x20);
      INFO(path << " at " << offset);
      const auto report = verify_backup(database.disk, "backups/monday");
      // A version number that is not known is told apart from damage.
      CHECK((!report.has_value() || !report->is_whole()));
      const auto restored = restore_backup(database.disk, "backups/monday", "restored");
      CHECK_FALSE(restored.has_value());
      CHECK_FALSE(*database.disk.exists("restored"));
      database.disk.flip_bits(path, offset, 0x20);
    }
  }
  CHECK(restore_backup(database.disk, "backups/monday", "restored").has_value());
}

TEST_CASE("backup: a damaged database is not backed up in silence") {
  DamagedDatabase database;
  const std::string table = database.tables()[0];
  database.disk.flip_bits(table, *database.disk.file_size(table) / 2, 1);
  const auto made = create_backup(database.disk, "db", "backups", "monday", 1);
  CHECK(made.status().code() == StatusCode::CORRUPTION);
  CHECK(made.status().message().find(".sst") != std::string::npos);
  CHECK_FALSE(*database.disk.exists("backups/monday"));
  CHECK_FALSE(*database.disk.exists("backups/monday.tmp"));
}

TEST_CASE("backup: taken names, open databases and full directories are refused") {
  DamagedDatabase database;
  back_up(database);
  const auto code = [&](const std::string& source, const std::string& name) {
    return create_backup(database.disk, source, "backups", name, 1).status().code();
  };
  CHECK(code("db", "monday") == StatusCode::CONFLICT);
  CHECK(code("nowhere", "x") == StatusCode::INVALID_ARGUMENT);
  for (const char* name : {"", "..", ".hidden", "a/b", "x.tmp", "white space"}) {
    INFO(name);
    CHECK(code("db", name) == StatusCode::INVALID_ARGUMENT);
  }
  {
    const auto engine = database.open("db");
    CHECK(code("db", "tuesday") == StatusCode::LOCKED);
  }
  CHECK(restore_backup(database.disk, "backups/monday", "db").status().code() ==
        StatusCode::CONFLICT);
  CHECK(restore_backup(database.disk, "backups", "other").status().code() ==
        StatusCode::INVALID_ARGUMENT);
  CHECK(database.contents_of("db") == database.contents());
  REQUIRE(database.disk.create_directories("empty").is_ok());
  CHECK(restore_backup(database.disk, "backups/monday", "empty").has_value());
  CHECK(database.contents_of("empty") == database.contents());
}

TEST_CASE("backup: the list is read back as written, and lies are refused") {
  BackupInfo info{"monday", 5, 7, {{"CURRENT", 16, 0xABCDEF}, {"tables/000001.sst", 9, 1}}};
  const std::string text = encode_backup_info(info);
  REQUIRE(decode_backup_info(text, "B").has_value());
  CHECK(*decode_backup_info(text, "B") == info);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(decode_backup_info(text.substr(0, size), "B").has_value());
  }
  for (const char* name :
       {"../../etc/passwd", "/etc/passwd", "a/b/c", "tables/", "tables/..", ""}) {
    BackupInfo lying = info;
    lying.files[0].name = name;
    const auto decoded = decode_backup_info(encode_backup_info(lying), "B");
    INFO(name);
    CHECK(decoded.status().code() == StatusCode::CORRUPTION);
  }
  BackupInfo twice = info;
  twice.files[1].name = "CURRENT";
  CHECK_FALSE(decode_backup_info(encode_backup_info(twice), "B").has_value());
  std::string later = text;
  later.replace(later.find(" 1\n"), 3, " 2\n");
  CHECK(decode_backup_info(later, "B").status().code() == StatusCode::FORMAT_UNSUPPORTED);
}

TEST_CASE("backup: each call of a backup and a restore may fail once") {
  const char* const fault = GENERATE("ENOSPC", "EIO");
  for (int nth = 1;; ++nth) {
    DamagedDatabase database;
    FaultFileSystem faults(database.disk);
    const std::string rule =
        "create,append,sync,syncdir,rename,mkdir,rmdir,read,open * nth=" + std::to_string(nth) +
        " once " + fault;
    faults.fail(rule);
    const auto made = create_backup(faults, "db", "backups", "monday", 1);
    const bool fired_before = faults.faults() > 0;
    if (!made) {
      INFO(rule << ": " << made.status().to_string());
      CHECK(fired_before);
      faults.heal();
      if (!*database.disk.exists("backups/monday")) back_up(database);
    }
    auto restored = restore_backup(faults, "backups/monday", "restored");
    const bool fired = fired_before || faults.faults() > 0;
    if (!restored) {
      INFO(rule << ": " << restored.status().to_string());
      CHECK(fired);
      faults.heal();
      if (!*database.disk.exists("restored")) {
        REQUIRE(restore_backup(database.disk, "backups/monday", "restored").has_value());
      }
    }
    CHECK(database.contents_of("restored") == database.contents());
    if (!fired) {
      CHECK(nth > 30);
      break;
    }
  }
}

TEST_CASE("backup: power may fail at every call of a backup and a restore") {
  for (uint64_t call = 1;; ++call) {
    DamagedDatabase database;
    database.disk.set_crash_after(call, call * 7);
    auto made = create_backup(database.disk, "db", "backups", "monday", 1);
    if (made) made = restore_backup(database.disk, "backups/monday", "restored");
    const bool died = database.disk.is_dead();
    database.disk.crash({true, call});
    INFO("power fails at call " << call);
    // What has its name is whole.
    if (*database.disk.exists("restored")) {
      CHECK(database.contents_of("restored") == database.contents());
    } else {
      if (!*database.disk.exists("backups/monday")) back_up(database);
      CHECK(verify_backup(database.disk, "backups/monday")->is_whole());
      REQUIRE(restore_backup(database.disk, "backups/monday", "restored").has_value());
      CHECK(database.contents_of("restored") == database.contents());
    }
    if (!died) {
      CHECK(call > 20);
      break;
    }
  }
}
