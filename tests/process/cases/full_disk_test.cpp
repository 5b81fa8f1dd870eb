// Disks that are full, of bytes or of files, and a process without descriptors: writes are refused
// with the cause, reads go on, and writes resume by themselves when there is room again.
#include <fcntl.h>
#include <sys/resource.h>

#include <functional>
#include <thread>

#include "kvhost/engine/engine.hpp"
#include "machine.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

Options small_options() {
  Options options;
  options.memory = uint64_t{16} << 20;
  options.memtable_size = uint64_t{1} << 20;
  options.wal_segment_size = uint64_t{1} << 20;
  options.target_file_size = uint64_t{1} << 20;
  options.compression = ::kvhost::Codec::kNone;
  return options;
}

std::unique_ptr<Engine> open(const std::string& directory, WalSync sync = WalSync::kAlways) {
  Options options = small_options();
  options.wal_sync = sync;
  auto opened = Engine::open(directory, options, {});
  INFO(opened.status().to_string());
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

std::string key_of(int number) { return "key" + std::to_string(number); }
std::string value_of(int number) { return std::to_string(number) + std::string(4000, 'v'); }

Status put(Engine& engine, int number) {
  WriteBatch batch;
  batch.put(0, key_of(number), value_of(number));
  return engine.write({}, batch).status();
}

void check_all(Engine& engine, int count) {
  for (int i = 0; i < count; ++i) {
    const auto got = engine.get({}, 0, key_of(i));
    INFO(key_of(i) << ": " << got.status().to_string());
    REQUIRE(got.has_value());
    REQUIRE(got->found());
    REQUIRE(got->value.view() == value_of(i));
  }
}

// Waits for `holds`, for at most half a minute.
bool wait_until(const std::function<bool()>& holds) {
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// Fills until a write is refused, checks how it is refused, makes room, and checks that writes
// resume and nothing that was acknowledged is gone, before and after a restart.
void fill_and_resume(const std::string& directory, const std::function<void()>& make_room) {
  int acknowledged = 0;
  {
    const auto engine = open(directory);
    Status refused;
    while (acknowledged < 100'000 && refused.is_ok()) {
      refused = put(*engine, acknowledged);
      if (refused.is_ok()) ++acknowledged;
    }
    INFO(acknowledged << " acknowledged, then " << refused.to_string());
    REQUIRE(refused.code() == StatusCode::NO_SPACE);
    CHECK(refused.info().http_status == 507);
    CHECK(engine->background_error().code() == StatusCode::NO_SPACE);
    check_all(*engine, acknowledged);
    make_room();
    REQUIRE(wait_until([&] { return put(*engine, acknowledged).is_ok(); }));
    ++acknowledged;
    CHECK(engine->background_error().is_ok());
    check_all(*engine, acknowledged);
    CHECK(engine->statistics().stall_no_space_ns > 0);
  }
  check_all(*open(directory), acknowledged);
}

}  // namespace

TEST_CASE("a disk full of bytes refuses writes, serves reads, and resumes by itself") {
  SmallDisk disk;
  if (::geteuid() != 0 || !disk.mount_tmpfs("size=24m")) return skip("a small tmpfs needs root");
  // Somebody else's file takes up the room that is missing later.
  const std::string ballast = disk.path() + "/ballast";
  const int file = ::open(ballast.c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(file >= 0);
  REQUIRE(::posix_fallocate(file, 0, 8 << 20) == 0);
  ::close(file);
  fill_and_resume(disk.path() + "/db", [&] { REQUIRE(::unlink(ballast.c_str()) == 0); });
}

TEST_CASE("a disk without inodes refuses writes, serves reads, and resumes by itself") {
  SmallDisk disk;
  if (::geteuid() != 0 || !disk.mount_tmpfs("size=256m,nr_inodes=60")) {
    return skip("a small tmpfs needs root");
  }
  for (int i = 0; i < 40; ++i) {
    const int file =
        ::open((disk.path() + "/f" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT, 0600);
    REQUIRE(file >= 0);
    ::close(file);
  }
  fill_and_resume(disk.path() + "/db", [&] {
    for (int i = 0; i < 40; ++i) ::unlink((disk.path() + "/f" + std::to_string(i)).c_str());
  });
}

TEST_CASE(
    "a process without descriptors loses no acknowledged write, and goes on when it has some") {
  TemporaryDirectory directory;
  int acknowledged = 0;
  {
    // Thousands of writes: what is asked here has nothing to do with syncs.
    const auto engine = open(directory.path() + "/db", WalSync::kNever);
    for (; acknowledged < 600; ++acknowledged) REQUIRE(put(*engine, acknowledged).is_ok());
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 3;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    // Segments and tables cannot be made any more; what is refused is told as passing.
    Status refused;
    for (int i = 0; i < 20'000 && refused.is_ok(); ++i) {
      refused = put(*engine, acknowledged);
      if (refused.is_ok()) ++acknowledged;
    }
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    INFO(refused.to_string());
    CHECK(refused.code() == StatusCode::OVERLOADED);
    REQUIRE(wait_until([&] { return put(*engine, acknowledged).is_ok(); }));
    ++acknowledged;
    check_all(*engine, acknowledged);
  }
  check_all(*open(directory.path() + "/db"), acknowledged);
}
