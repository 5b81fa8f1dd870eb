#include "version/version_set.hpp"

#include <catch2/catch.hpp>

#include "support/fault_file_system.hpp"
#include "support/recording_file_system.hpp"
#include "version_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using Catch::Contains;
using kvhost::engine::testing::CrashFileSystem;
using kvhost::engine::testing::FaultFileSystem;
using kvhost::engine::testing::RecordingFileSystem;

namespace {

bool exists(FileSystem& files, const std::string& path) {
  const auto found = files.exists(path);
  REQUIRE(found);
  return *found;
}

Status open_status(FileSystem& files) { return open_set(files).status(); }

void write_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  const auto file = files.create(path);
  REQUIRE(file);
  REQUIRE((*file)->append(bytes).is_ok());
  REQUIRE((*file)->sync().is_ok());
  REQUIRE((*file)->close().is_ok());
}

}  // namespace

TEST_CASE("version set: a new database, three flushes, and all is there after a restart") {
  CrashFileSystem files;
  {
    const auto set = open_set(files);
    REQUIRE(set);
    for (const char* keys : {"ac", "bd", "ce"}) {
      REQUIRE(flush_table(files, **set, std::string(1, keys[0]), std::string(1, keys[1])));
    }
    CHECK(tree_text(*(*set)->current()) == "L0(4:c-e) L0(3:b-d) L0(2:a-c)");
    CHECK((*set)->generation() == 3);
  }
  const auto set = open_set(files);
  REQUIRE(set);
  CHECK(tree_text(*(*set)->current()) == "L0(4:c-e) L0(3:b-d) L0(2:a-c)");
  CHECK((*set)->state().last_sequence == 9);
  CHECK((*set)->state().log_start == LogPosition{4, 0});
  CHECK((*set)->new_file_number() > 4);
}

TEST_CASE("version set: an edit is seen by its maker's callers only when it is durable") {
  CrashFileSystem disk;
  FaultFileSystem files(disk);
  const auto set = open_set(files);
  REQUIRE(set);
  REQUIRE(flush_table(files, **set, "a", "c"));
  files.fail("sync MANIFEST-* nth=1 once EIO");
  const auto failed = flush_table(files, **set, "b", "d");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == StatusCode::IO_ERROR);
  CHECK(tree_text(*(*set)->current()) == "L0(2:a-c)");
  CHECK((*set)->generation() == 1);

  SECTION("the failure stays, and keeps every file") {
    CHECK_FALSE(flush_table(files, **set, "c", "e"));
    CHECK_FALSE((*set)->status().is_ok());
    CHECK(exists(files, table_path(kDirectory, 3)));
  }
  SECTION("resume switches to a fresh MANIFEST without the edit") {
    REQUIRE((*set)->resume().is_ok());
    CHECK((*set)->status().is_ok());
    REQUIRE(flush_table(files, **set, "c", "e"));
    disk.crash();
    const auto again = open_set(files);
    REQUIRE(again);
    CHECK((*again)->current()->file_count() == 2);
    CHECK_FALSE(exists(files, table_path(kDirectory, 3)));
  }
}

TEST_CASE("version set: a torn record after a full disk is no harm") {
  CrashFileSystem disk;
  FaultFileSystem files(disk);
  {
    const auto set = open_set(files);
    REQUIRE(set);
    REQUIRE(flush_table(files, **set, "a", "c"));
    files.fail("append MANIFEST-* nth=1 once short");
    REQUIRE_FALSE(flush_table(files, **set, "b", "d"));
  }
  const auto set = open_set(files);
  REQUIRE(set);
  CHECK(tree_text(*(*set)->current()) == "L0(2:a-c)");
}

TEST_CASE("version set: a file goes only when the MANIFEST forgot it and nobody reads it") {
  CrashFileSystem files;
  const auto set = open_set(files);
  REQUIRE(set);
  REQUIRE(flush_table(files, **set, "a", "c"));
  REQUIRE(flush_table(files, **set, "b", "d"));
  VersionPtr reader = (*set)->current();
  VersionEdit edit;
  edit.removed_files = {2};
  REQUIRE((*set)->log_and_apply(edit));
  (*set)->remove_obsolete_files();
  CHECK(exists(files, table_path(kDirectory, 2)));
  reader.reset();
  CHECK(exists(files, table_path(kDirectory, 2)));
  (*set)->remove_obsolete_files();
  CHECK_FALSE(exists(files, table_path(kDirectory, 2)));
  CHECK(exists(files, table_path(kDirectory, 3)));
}

TEST_CASE("version set: the files of an edit that failed stay") {
  CrashFileSystem disk;
  FaultFileSystem files(disk);
  const auto set = open_set(files);
  REQUIRE(set);
  REQUIRE(flush_table(files, **set, "a", "c"));
  files.fail("sync MANIFEST-* nth=1 once EIO");
  VersionEdit edit;
  edit.removed_files = {2};
  REQUIRE_FALSE((*set)->log_and_apply(edit));
  (*set)->remove_obsolete_files();
  CHECK(exists(files, table_path(kDirectory, 2)));
}

TEST_CASE("version set: the order of calls when CURRENT switches") {
  CrashFileSystem disk;
  RecordingFileSystem files(disk, kDirectory);
  const auto set = open_set(files);
  REQUIRE(set);
  CHECK(files.take_text() ==
        "mkdir .\n"
        "syncdir /data\n"
        "syncdir /\n"
        "mkdir tables\n"
        "mkdir wal\n"
        "syncdir .\n"
        "create MANIFEST-000001\n"
        "append MANIFEST-000001 47\n"
        "append MANIFEST-000001 49\n"
        "sync MANIFEST-000001\n"
        "syncdir .\n"
        "create CURRENT.tmp\n"
        "append CURRENT.tmp 16\n"
        "sync CURRENT.tmp\n"
        "rename CURRENT.tmp CURRENT\n"
        "syncdir .\n");
  VersionEdit edit;
  edit.reserved_sequence = 1000;
  REQUIRE((*set)->log_and_apply(edit));
  CHECK(files.take_text() == "append MANIFEST-000001 26\nsync MANIFEST-000001\n");
}

TEST_CASE("version set: the MANIFEST is replaced when it is long") {
  CrashFileSystem files;
  {
    const auto set = open_set(files, {.manifest_rollover_bytes = 300});
    REQUIRE(set);
    for (int i = 0; i < 40; ++i) REQUIRE(flush_table(files, **set, "a", "c"));
  }
  const auto names = files.list(kDirectory);
  REQUIRE(names);
  int manifests = 0;
  for (const std::string& name : *names) manifests += parse_manifest_name(name).has_value();
  CHECK(manifests == 1);
  CHECK_FALSE(exists(files, manifest_path(kDirectory, 1)));
  const auto set = open_set(files);
  REQUIRE(set);
  CHECK((*set)->current()->file_count() == 40);
}

TEST_CASE("version set: a fresh MANIFEST that cannot be made leaves the old one in use") {
  CrashFileSystem disk;
  FaultFileSystem files(disk);
  const auto set = open_set(files, {.manifest_rollover_bytes = 100});
  REQUIRE(set);
  files.fail("create MANIFEST-* nth=1 always ENOSPC");
  for (int i = 0; i < 10; ++i) REQUIRE(flush_table(files, **set, "a", "c"));
  CHECK(files.faults() > 0);
  CHECK(exists(files, manifest_path(kDirectory, 1)));
}

TEST_CASE("version set: a second process is refused") {
  CrashFileSystem files;
  const auto set = open_set(files);
  REQUIRE(set);
  CHECK(open_status(files).code() == StatusCode::LOCKED);
}

TEST_CASE("version set: a stranger's directory is refused and left alone") {
  CrashFileSystem files;
  REQUIRE(files.create_directories(kDirectory).is_ok());
  write_file(files, kDirectory + "/holiday.jpg", "picture");
  const Status refused = open_status(files);
  CHECK(refused.code() == StatusCode::CONFLICT);
  CHECK_THAT(refused.message(), Contains("holiday.jpg"));
  CHECK(exists(files, kDirectory + "/holiday.jpg"));
  CHECK_FALSE(exists(files, current_path(kDirectory)));
}

TEST_CASE("version set: a database that lost its CURRENT is not made anew") {
  CrashFileSystem files;
  {
    const auto set = open_set(files);
    REQUIRE(set);
    REQUIRE(flush_table(files, **set, "a", "c"));
  }
  REQUIRE(files.remove(current_path(kDirectory)).is_ok());
  const Status refused = open_status(files);
  CHECK(refused.code() == StatusCode::CONFLICT);
  CHECK_THAT(refused.message(), Contains("kvctl repair /data/db"));
  CHECK(exists(files, table_path(kDirectory, 2)));
}

TEST_CASE("version set: a missing or short table is named") {
  CrashFileSystem files;
  {
    const auto set = open_set(files);
    REQUIRE(set);
    REQUIRE(flush_table(files, **set, "a", "c"));
  }
  SECTION("missing") {
    REQUIRE(files.remove(table_path(kDirectory, 2)).is_ok());
    const Status status = open_status(files);
    CHECK(status.code() == StatusCode::CORRUPTION);
    CHECK_THAT(status.message(), Contains("/data/db/tables/000002.sst: expected a table of 100") &&
                                     Contains("kvctl repair /data/db"));
  }
  SECTION("short") {
    REQUIRE(files.truncate(table_path(kDirectory, 2), 99).is_ok());
    const Status status = open_status(files);
    CHECK(status.code() == StatusCode::CORRUPTION);
    CHECK_THAT(status.message(), Contains("expected 100 bytes") && Contains("found 99"));
  }
}

TEST_CASE("version set: orphans go at the start, unknown files stay") {
  CrashFileSystem files;
  { REQUIRE(open_set(files)); }
  REQUIRE(write_fake_table(files, metadata_of(77, "a", "b")).is_ok());
  write_file(files, kDirectory + "/tables/notes.txt", "mine");
  write_file(files, kDirectory + "/MANIFEST-000099", "left over");
  const auto set = open_set(files);
  REQUIRE(set);
  CHECK_FALSE(exists(files, table_path(kDirectory, 77)));
  CHECK_FALSE(exists(files, manifest_path(kDirectory, 99)));
  CHECK(exists(files, kDirectory + "/tables/notes.txt"));
  CHECK((*set)->new_file_number() > 99);
}

TEST_CASE("version set: CURRENT that says nonsense is damage") {
  CrashFileSystem files;
  { REQUIRE(open_set(files)); }
  for (const char* text : {"", "MANIFEST-000001", "MANIFEST-1\n", "hello\n", "MANIFEST-000777\n"}) {
    INFO(text);
    REQUIRE(files.remove(current_path(kDirectory)).is_ok());
    write_file(files, current_path(kDirectory), text);
    const Status status = open_status(files);
    CHECK(status.code() == StatusCode::CORRUPTION);
    CHECK_THAT(status.message(), Contains("CURRENT") && Contains("kvctl repair"));
  }
}

TEST_CASE("version set: too much policy state is refused and changes nothing") {
  CrashFileSystem files;
  const auto set = open_set(files);
  REQUIRE(set);
  VersionEdit edit;
  edit.policy_state = std::string(kMaxPolicyState + 1, 'x');
  const auto refused = (*set)->log_and_apply(edit);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == StatusCode::INVALID_ARGUMENT);
  CHECK((*set)->status().is_ok());
  CHECK((*set)->generation() == 0);
}

TEST_CASE("a checkpoint's manifest opens as a database of its own") {
  CrashFileSystem files;
  const auto set = open_set(files);
  REQUIRE(set);
  REQUIRE(flush_table(files, **set, "a", "c"));
  const std::string copy = "/data/copy";
  REQUIRE(files.create_directories(copy + "/tables").is_ok());
  REQUIRE(files.link(table_path(kDirectory, 2), table_path(copy, 2)).is_ok());
  REQUIRE(write_database_manifest(files, copy, *(*set)->current(), (*set)->state()).is_ok());
  const auto opened = VersionSet::open(files, copy, {}, null_logger());
  REQUIRE(opened);
  CHECK(tree_text(*(*opened)->current()) == "L0(2:a-c)");
  CHECK((*opened)->state().last_sequence == (*set)->state().last_sequence);
}
