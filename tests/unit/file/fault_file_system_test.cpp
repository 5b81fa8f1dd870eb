#include "support/fault_file_system.hpp"

#include <catch2/catch.hpp>

#include "file/whole_file.hpp"
#include "support/crash_file_system.hpp"
#include "support/recording_file_system.hpp"

namespace kvhost::engine::testing {
namespace {

struct Machine {
  Machine() {
    REQUIRE(disk.create_directories("/d").is_ok());
    REQUIRE(disk.sync_directory("/").is_ok());
  }
  CrashFileSystem disk;
  FaultFileSystem files{disk};
};

TEST_CASE("a rule counts the calls that match, by kind and name") {
  Machine machine;
  machine.files.fail("sync *.log nth=2 once EIO");
  const auto log = std::move(machine.files.create("/d/1.log")).value();
  const auto other = std::move(machine.files.create("/d/1.sst")).value();
  CHECK(other->sync().is_ok());
  CHECK(log->sync().is_ok());
  CHECK(other->sync().is_ok());
  const Status failed = log->sync();
  CHECK(failed.code() == StatusCode::IO_ERROR);
  CHECK(failed.message() == "/d/1.log: sync: Input/output error (errno 5)");
  CHECK(log->sync().is_ok());
  CHECK(machine.files.faults() == 1);
}

TEST_CASE("always means from then on, until the disk is healed") {
  Machine machine;
  machine.files.fail("create,append /d/* nth=2 always ENOSPC");
  const auto file = std::move(machine.files.create("/d/a")).value();
  CHECK(file->append("x").code() == StatusCode::NO_SPACE);
  CHECK(machine.files.create("/d/b").error().code() == StatusCode::NO_SPACE);
  machine.files.heal();
  CHECK(machine.files.faults() == 0);
  CHECK(file->append("x").is_ok());
}

TEST_CASE("a short write hands on half and fails, a short read yields half") {
  Machine machine;
  machine.files.fail("append * nth=1 once short");
  machine.files.fail("read * nth=1 once short");
  const auto file = std::move(machine.files.create("/d/a")).value();
  CHECK(file->append("12345678").code() == StatusCode::IO_ERROR);
  CHECK(read_whole_file(machine.disk, "/d/a", 10).value() == "1234");
  const auto reader = std::move(machine.files.open_for_reading("/d/a")).value();
  std::string bytes(4, '?');
  CHECK(reader->read_at(0, bytes).value() == 2);
  CHECK(bytes == "12??");
  CHECK(reader->read_at(0, bytes).value() == 4);
}

TEST_CASE("each step of an atomic write may fail: the old bytes or the new ones are there") {
  for (uint64_t n = 1;; ++n) {
    Machine machine;
    REQUIRE(write_file_atomically(machine.files, "/d", "CURRENT", "old").is_ok());
    machine.files.fail("* * nth=" + std::to_string(n) + " once EIO");
    const Status written = write_file_atomically(machine.files, "/d", "CURRENT", "new");
    const bool fired = machine.files.faults() > 0;
    machine.files.heal();
    machine.disk.crash();
    const auto found = read_whole_file(machine.disk, "/d/CURRENT", 10);
    if (!found) FAIL(found.error().to_string());
    CHECK((*found == "old" || *found == "new"));
    if (written.is_ok()) CHECK(*found == "new");
    if (!fired) break;
    REQUIRE(n < 50);
  }
}

TEST_CASE("the order of calls of an atomic write") {
  Machine machine;
  RecordingFileSystem recorder(machine.files, "/d");
  REQUIRE(write_file_atomically(recorder, "/d", "CURRENT", "five!").is_ok());
  CHECK(recorder.take_text() ==
        "create CURRENT.tmp\n"
        "append CURRENT.tmp 5\n"
        "sync CURRENT.tmp\n"
        "rename CURRENT.tmp CURRENT\n"
        "syncdir .\n");
  REQUIRE(recorder.create_directories("/d/x").is_ok());
  REQUIRE(recorder.link("/d/CURRENT", "/d/x/c").is_ok());
  REQUIRE(recorder.truncate("/d/CURRENT", 0).is_ok());
  REQUIRE(recorder.remove("/d/x/c").is_ok());
  REQUIRE(recorder.remove_directory("/d/x").is_ok());
  CHECK(recorder.take_text() ==
        "mkdir x\nlink CURRENT x/c\ntruncate CURRENT 0\nremove x/c\nrmdir x\n");
}

}  // namespace
}  // namespace kvhost::engine::testing
