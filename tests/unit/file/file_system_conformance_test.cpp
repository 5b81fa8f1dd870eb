// One suite for every file system: what the engine relies on holds for the operating system's and
// for the one in memory alike.
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <thread>

#include "file/whole_file.hpp"
#include "support/crash_file_system.hpp"
#include "support/fault_file_system.hpp"
#include "support/recording_file_system.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::engine::testing {
namespace {

// A file system under test and a directory in it.
struct PosixWorld {
  TemporaryDirectory temporary;
  FileSystem& files = posix_file_system();
  std::string root = temporary.path();
};
struct MemoryWorld {
  MemoryWorld() { REQUIRE(memory.create_directories("/root").is_ok()); }
  CrashFileSystem memory;
  FileSystem& files = memory;
  std::string root = "/root";
};
// The wrappers change nothing while they have nothing to do.
struct WrappedWorld {
  WrappedWorld() { REQUIRE(memory.create_directories("/root").is_ok()); }
  CrashFileSystem memory;
  FaultFileSystem faults{memory};
  RecordingFileSystem recorder{faults};
  FileSystem& files = recorder;
  std::string root = "/root";
};

std::string read_all(FileSystem& files, const std::string& path) {
  return read_whole_file(files, path, 1 << 20).value();
}

void write_new(FileSystem& files, const std::string& path, std::string_view bytes) {
  auto file = files.create(path);
  REQUIRE(file);
  REQUIRE((*file)->append(bytes).is_ok());
  REQUIRE((*file)->sync().is_ok());
  REQUIRE((*file)->close().is_ok());
}

#define EVERY_WORLD PosixWorld, MemoryWorld, WrappedWorld

TEMPLATE_TEST_CASE("a written file reads back", "", EVERY_WORLD) {
  TestType world;
  const std::string path = world.root + "/a";
  const auto file = std::move(world.files.create(path)).value();
  REQUIRE(file->append("hello ").is_ok());
  REQUIRE(file->append("").is_ok());
  REQUIRE(file->append("world").is_ok());
  REQUIRE(file->sync().is_ok());
  REQUIRE(file->close().is_ok());

  CHECK(world.files.file_size(path).value() == 11);
  const auto reader = std::move(world.files.open_for_reading(path)).value();
  CHECK(reader->size().value() == 11);
  reader->will_need(0, 11);
  std::string middle(5, '?');
  CHECK(reader->read_at(3, middle).value() == 5);
  CHECK(middle == "lo wo");
  std::string tail(10, '?');
  CHECK(reader->read_at(9, tail).value() == 2);
  CHECK(tail.substr(0, 2) == "ld");
  CHECK(reader->read_at(11, tail).value() == 0);
  CHECK(reader->read_at(1000, tail).value() == 0);
}

TEMPLATE_TEST_CASE("a preallocated file is zeros of one size, overwritten in place", "",
                   EVERY_WORLD) {
  TestType world;
  const std::string path = world.root + "/segment";
  const uint64_t size = (2 << 20) + 4096;
  {
    const auto file = std::move(world.files.create_preallocated(path, size)).value();
    CHECK(file->size().value() == size);
    REQUIRE(file->write_at(4096, "record").is_ok());
    REQUIRE(file->sync().is_ok());
    REQUIRE(file->close().is_ok());
  }
  const auto file = std::move(world.files.open_positioned(path)).value();
  REQUIRE(file->write_at(4098, "XY").is_ok());
  std::string bytes(10, '?');
  CHECK(file->read_at(4095, bytes).value() == 10);
  CHECK(bytes == std::string("\0reXYrd\0\0\0", 10));
  CHECK(file->size().value() == size);
  CHECK(world.files.create_preallocated(path, 1).error().code() == StatusCode::IO_ERROR);
}

TEMPLATE_TEST_CASE("a mapped file is a positioned file for many small writes", "", EVERY_WORLD) {
  TestType world;
  const std::string path = world.root + "/segment";
  const uint64_t size = 3 * 300'000;
  REQUIRE(std::move(world.files.create_preallocated(path, size)).value()->close().is_ok());
  std::string expected(size, '\0');
  {
    const auto file = std::move(world.files.open_mapped(path)).value();
    // Small ones, one over the borders of what is made writable at once, one up to the end.
    for (const auto& [offset, bytes] : std::vector<std::pair<uint64_t, std::size_t>>{
             {0, 130}, {130, 1}, {262'140, 8}, {4096, 10}, {300'000, 300'000}, {size - 5, 5}}) {
      const std::string data(bytes, static_cast<char>('a' + bytes % 26));
      REQUIRE(file->write_at(offset, data).is_ok());
      expected.replace(offset, bytes, data);
    }
    CHECK(file->size().value() == size);
    std::string back(131, '?');
    CHECK(file->read_at(0, back).value() == 131);
    CHECK(back == expected.substr(0, 131));
    // Read through another descriptor, before any sync: what a new process would find.
    CHECK(read_all(world.files, path) == expected);
    REQUIRE(file->sync().is_ok());
    REQUIRE(file->close().is_ok());
  }
  CHECK(read_all(world.files, path) == expected);
  CHECK_FALSE(world.files.open_mapped(world.root + "/absent"));
}

TEMPLATE_TEST_CASE("creating never replaces, opening never creates", "", EVERY_WORLD) {
  TestType world;
  const std::string path = world.root + "/a";
  write_new(world.files, path, "first");
  const auto again = world.files.create(path);
  REQUIRE_FALSE(again);
  CHECK(again.error().code() == StatusCode::IO_ERROR);
  CHECK(again.error().message() == path + ": open: File exists (errno 17)");
  CHECK(read_all(world.files, path) == "first");

  const std::string absent = world.root + "/absent";
  CHECK(world.files.open_for_reading(absent).error().message() ==
        absent + ": open: No such file or directory (errno 2)");
  CHECK_FALSE(world.files.open_positioned(absent));
  CHECK_FALSE(world.files.file_size(absent));
  CHECK_FALSE(world.files.remove(absent).is_ok());
  CHECK_FALSE(world.files.exists(absent).value());
  CHECK_FALSE(world.files.create(world.root + "/no/such/parent"));
}

TEMPLATE_TEST_CASE("directories are made with their parents, listed in order, removed when empty",
                   "", EVERY_WORLD) {
  TestType world;
  const std::string deep = world.root + "/x/y/z";
  REQUIRE(world.files.create_directories(deep).is_ok());
  REQUIRE(world.files.create_directories(deep).is_ok());
  for (const char* name : {"b", "a", "c"}) write_new(world.files, deep + "/" + name, name);
  CHECK(world.files.list(deep).value() == std::vector<std::string>{"a", "b", "c"});
  CHECK(world.files.list(world.root).value() == std::vector<std::string>{"x"});
  REQUIRE(world.files.sync_directory(deep).is_ok());
  CHECK_FALSE(world.files.remove_directory(deep).is_ok());
  for (const char* name : {"a", "b", "c"}) REQUIRE(world.files.remove(deep + "/" + name).is_ok());
  REQUIRE(world.files.remove_directory(deep).is_ok());
  CHECK_FALSE(world.files.exists(deep).value());
  CHECK_FALSE(world.files.list(deep));
  CHECK_FALSE(world.files.sync_directory(deep).is_ok());
  write_new(world.files, world.root + "/file", "");
  CHECK_FALSE(world.files.create_directories(world.root + "/file/below").is_ok());
}

TEMPLATE_TEST_CASE("a rename replaces, a link shares, a removed file stays readable", "",
                   EVERY_WORLD) {
  TestType world;
  const std::string a = world.root + "/a", b = world.root + "/b", c = world.root + "/c";
  write_new(world.files, a, "one");
  write_new(world.files, b, "two");
  REQUIRE(world.files.rename(a, b).is_ok());
  CHECK(read_all(world.files, b) == "one");
  CHECK_FALSE(world.files.exists(a).value());
  CHECK_FALSE(world.files.rename(a, b).is_ok());

  REQUIRE(world.files.link(b, c).is_ok());
  CHECK_FALSE(world.files.link(b, c).is_ok());
  const auto reader = std::move(world.files.open_for_reading(b)).value();
  REQUIRE(world.files.remove(b).is_ok());
  CHECK(read_all(world.files, c) == "one");
  REQUIRE(world.files.remove(c).is_ok());
  std::string bytes(3, '?');
  CHECK(reader->read_at(0, bytes).value() == 3);
  CHECK(bytes == "one");
}

TEMPLATE_TEST_CASE("a directory is renamed with what it holds", "", EVERY_WORLD) {
  TestType world;
  REQUIRE(world.files.create_directories(world.root + "/new.tmp/sub").is_ok());
  write_new(world.files, world.root + "/new.tmp/sub/a", "one");
  REQUIRE(world.files.rename(world.root + "/new.tmp", world.root + "/new").is_ok());
  CHECK(read_all(world.files, world.root + "/new/sub/a") == "one");
  CHECK_FALSE(world.files.exists(world.root + "/new.tmp").value());
}

TEMPLATE_TEST_CASE("truncate shortens and never lengthens", "", EVERY_WORLD) {
  TestType world;
  const std::string path = world.root + "/a";
  write_new(world.files, path, "0123456789");
  REQUIRE(world.files.truncate(path, 4).is_ok());
  CHECK(read_all(world.files, path) == "0123");
  CHECK(world.files.truncate(path, 5).code() == StatusCode::INVALID_ARGUMENT);
}

TEMPLATE_TEST_CASE("a lock has one holder at a time", "", EVERY_WORLD) {
  TestType world;
  const std::string path = world.root + "/LOCK";
  auto lock = world.files.lock(path);
  REQUIRE(lock);
  const auto second = world.files.lock(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code() == StatusCode::LOCKED);
  CHECK(second.error().message() ==
        path + ": held by this process already; stop that one first, or use another directory");
  lock.value().reset();
  CHECK(world.files.lock(path).has_value());
}

TEMPLATE_TEST_CASE("free space is known", "", EVERY_WORLD) {
  TestType world;
  CHECK(world.files.free_bytes(world.root).value() > 0);
  CHECK_FALSE(world.files.free_bytes(world.root + "/absent"));
}

TEMPLATE_TEST_CASE("whole files: written atomically, read within bounds", "", EVERY_WORLD) {
  TestType world;
  REQUIRE(write_file_atomically(world.files, world.root, "CURRENT", "one").is_ok());
  write_new(world.files, world.root + "/CURRENT.tmp", "left by a crash");
  REQUIRE(write_file_atomically(world.files, world.root, "CURRENT", "two").is_ok());
  CHECK(read_all(world.files, world.root + "/CURRENT") == "two");
  CHECK(world.files.list(world.root).value() == std::vector<std::string>{"CURRENT"});
  CHECK(read_whole_file(world.files, world.root + "/CURRENT", 3).value() == "two");
  const auto refused = read_whole_file(world.files, world.root + "/CURRENT", 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == StatusCode::TOO_LARGE);
}

TEMPLATE_TEST_CASE("one thread syncs while another writes", "", EVERY_WORLD) {
  TestType world;
  const auto file =
      std::move(world.files.create_preallocated(world.root + "/segment", 1 << 20)).value();
  // Catch's checks belong to the main thread.
  std::atomic<int> faults{0};
  std::thread syncer([&] {
    for (int i = 0; i < 20; ++i) faults += file->sync().is_ok() ? 0 : 1;
  });
  for (uint64_t at = 0; at < 1 << 16; at += 64) REQUIRE(file->write_at(at, "record").is_ok());
  syncer.join();
  CHECK(faults.load() == 0);
}

}  // namespace
}  // namespace kvhost::engine::testing
