// The system that loses power must lose what a disk may lose, no less: tests stand on it.
#include "support/crash_file_system.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "file/whole_file.hpp"

namespace kvhost::engine::testing {
namespace {

struct Machine {
  Machine() {
    REQUIRE(disk.create_directories("/d").is_ok());
    REQUIRE(disk.sync_directory("/").is_ok());
  }
  std::unique_ptr<WritableFile> create(const std::string& path, std::string_view bytes) {
    auto file = std::move(disk.create(path)).value();
    REQUIRE(file->append(bytes).is_ok());
    return file;
  }
  // The file's bytes, or "-" when there is none.
  std::string read(const std::string& path) {
    auto bytes = read_whole_file(disk, path, 1 << 20);
    return bytes ? *bytes : "-";
  }
  CrashFileSystem disk;
};

TEST_CASE("bytes need a sync of the file, names a sync of the directory") {
  Machine machine;
  const auto synced = machine.create("/d/synced", "kept");
  REQUIRE(synced->sync().is_ok());
  REQUIRE(synced->append(" lost").is_ok());
  const auto unsynced = machine.create("/d/unsynced", "lost");
  REQUIRE(machine.disk.sync_directory("/d").is_ok());
  const auto nameless = machine.create("/d/nameless", "lost with its name");
  REQUIRE(nameless->sync().is_ok());
  machine.disk.crash();
  CHECK(machine.read("/d/synced") == "kept");
  CHECK(machine.read("/d/unsynced").empty());
  CHECK(machine.read("/d/nameless") == "-");
}

TEST_CASE("a directory that nobody synced is gone with all it holds") {
  Machine machine;
  REQUIRE(machine.disk.create_directories("/d/sub").is_ok());
  REQUIRE(machine.create("/d/sub/a", "one")->sync().is_ok());
  REQUIRE(machine.disk.sync_directory("/d/sub").is_ok());
  machine.disk.crash();
  CHECK_FALSE(machine.disk.exists("/d/sub").value());
}

TEST_CASE("renames, links and removals come undone") {
  Machine machine;
  for (const char* name : {"/d/a", "/d/b", "/d/c"}) {
    REQUIRE(machine.create(name, name)->sync().is_ok());
  }
  REQUIRE(machine.disk.sync_directory("/d").is_ok());
  REQUIRE(machine.disk.rename("/d/a", "/d/b").is_ok());
  REQUIRE(machine.disk.remove("/d/c").is_ok());
  REQUIRE(machine.disk.link("/d/b", "/d/e").is_ok());
  SECTION("without a sync") {
    machine.disk.crash();
    CHECK(machine.disk.list("/d").value() == std::vector<std::string>{"a", "b", "c"});
    CHECK(machine.read("/d/b") == "/d/b");
  }
  SECTION("not with one") {
    REQUIRE(machine.disk.sync_directory("/d").is_ok());
    machine.disk.crash();
    CHECK(machine.disk.list("/d").value() == std::vector<std::string>{"b", "e"});
    CHECK(machine.read("/d/b") == "/d/a");
  }
  SECTION("not when only the process dies") {
    machine.disk.kill_process();
    CHECK(machine.disk.list("/d").value() == std::vector<std::string>{"b", "e"});
  }
}

TEST_CASE("overwritten and truncated bytes come back") {
  Machine machine;
  const auto file = std::move(machine.disk.create_preallocated("/d/a", 8)).value();
  REQUIRE(machine.disk.sync_directory("/d").is_ok());
  REQUIRE(file->write_at(0, "12345678").is_ok());
  REQUIRE(file->sync().is_ok());
  REQUIRE(file->write_at(2, "xxxx").is_ok());
  REQUIRE(file->write_at(4, "yyyy").is_ok());
  REQUIRE(machine.disk.truncate("/d/a", 3).is_ok());
  machine.disk.crash();
  CHECK(machine.read("/d/a") == "12345678");
}

TEST_CASE("by the seed some of what was not synced survives, in any order but each sector whole") {
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Machine machine;
    const auto file = std::move(machine.disk.create_preallocated("/d/a", 1024)).value();
    REQUIRE(machine.disk.sync_directory("/d").is_ok());
    REQUIRE(file->write_at(0, std::string(512, 'a')).is_ok());
    REQUIRE(file->write_at(512, std::string(512, 'b')).is_ok());
    machine.disk.crash({true, seed});
    const std::string bytes = machine.read("/d/a");
    REQUIRE(bytes.size() == 1024);
    CHECK(bytes.substr(0, 512) == std::string(512, bytes[0]));
    CHECK(bytes.substr(512) == std::string(512, bytes[512]));
    outcomes.insert({bytes[0], bytes[512]});
  }
  CHECK(outcomes == std::set<std::string>{{'a', 'b'}, {'a', '\0'}, {'\0', 'b'}, {'\0', '\0'}});
}

TEST_CASE("by the seed a growing file keeps a prefix, and a rename either happened or did not") {
  std::set<std::string> tails, names;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Machine machine;
    const auto file = machine.create("/d/a", "12");
    REQUIRE(file->sync().is_ok());
    REQUIRE(machine.disk.sync_directory("/d").is_ok());
    REQUIRE(file->append("34").is_ok());
    REQUIRE(machine.disk.rename("/d/a", "/d/b").is_ok());
    machine.disk.crash({true, seed});
    const auto found = machine.disk.list("/d").value();
    REQUIRE(found.size() == 1);
    names.insert(found[0]);
    tails.insert(machine.read("/d/" + found[0]));
  }
  CHECK(names == std::set<std::string>{"a", "b"});
  CHECK(tails == std::set<std::string>{"12", "123", "1234"});
}

TEST_CASE("from the n-th call on the machine is dead, until power returns") {
  Machine machine;
  const uint64_t before = machine.disk.calls();
  machine.disk.set_crash_after(3);
  auto file = std::move(machine.disk.create("/d/a")).value();
  REQUIRE(file->append("1").is_ok());
  CHECK_FALSE(machine.disk.is_dead());
  CHECK(file->sync().code() == StatusCode::IO_ERROR);
  CHECK(machine.disk.is_dead());
  CHECK(machine.disk.calls() == before + 3);
  CHECK_FALSE(machine.disk.exists("/d/a"));
  CHECK_FALSE(file->append("2").is_ok());
  machine.disk.crash();
  CHECK_FALSE(machine.disk.exists("/d/a").value());
  // The open file belongs to the life before.
  CHECK_FALSE(file->append("3").is_ok());
}

TEST_CASE("the fatal call may have taken effect") {
  std::set<bool> survived;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Machine machine;
    const auto file = machine.create("/d/a", "1");
    REQUIRE(machine.disk.sync_directory("/d").is_ok());
    machine.disk.set_crash_after(1, seed);
    CHECK_FALSE(file->sync().is_ok());
    machine.disk.crash();
    survived.insert(machine.read("/d/a") == "1");
  }
  CHECK(survived.size() == 2);
}

TEST_CASE("a crash lets go of locks, a lock of the life before does not take the new one along") {
  Machine machine;
  auto old = std::move(machine.disk.lock("/d/LOCK")).value();
  machine.disk.crash();
  const auto fresh = machine.disk.lock("/d/LOCK");
  REQUIRE(fresh);
  old.reset();
  CHECK(machine.disk.lock("/d/LOCK").error().code() == StatusCode::LOCKED);
}

TEST_CASE("a full disk refuses growth and takes overwriting") {
  Machine machine;
  const auto file = std::move(machine.disk.create_preallocated("/d/a", 100)).value();
  machine.disk.set_capacity(150);
  CHECK(machine.disk.free_bytes("/d").value() == 50);
  CHECK(machine.disk.create_preallocated("/d/b", 51).error().code() == StatusCode::NO_SPACE);
  CHECK_FALSE(machine.disk.exists("/d/b").value());
  CHECK(file->write_at(0, std::string(100, 'x')).is_ok());
  CHECK(file->write_at(60, std::string(100, 'x')).code() == StatusCode::NO_SPACE);
  REQUIRE(machine.disk.remove("/d/a").is_ok());
  CHECK(machine.disk.create_preallocated("/d/b", 51).has_value());
}

}  // namespace
}  // namespace kvhost::engine::testing
