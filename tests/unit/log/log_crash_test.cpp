// Power cuts, kills and faults at every call, and at random. Whatever happens: a synced record is
// there, and what is there is a prefix of what was written.
#include <catch2/catch.hpp>

#include "log_story.hpp"
#include "support/fault_file_system.hpp"

namespace kvhost::engine::testing {
namespace {

struct Machine {
  Machine() {
    REQUIRE(disk.create_directories("/wal").is_ok());
    REQUIRE(disk.sync_directory("/").is_ok());
  }
  CrashFileSystem disk;
};

constexpr int kSteps = 40;

TEST_CASE("power is lost at the n-th call, for every n") {
  const bool keeps_some = GENERATE(false, true);
  uint64_t calls = 0;
  for (uint64_t n = 1;; ++n) {
    INFO("call " << n << (keeps_some ? ", some unsynced bytes survive" : ""));
    Machine machine;
    LogStory story(machine.disk, 5);
    machine.disk.set_crash_after(n, keeps_some ? n : 0);
    const Status ended = story.live(kSteps);
    if (!machine.disk.is_dead()) {
      REQUIRE(ended.is_ok());
      calls = n;
      break;
    }
    story.drop_log();
    machine.disk.crash({keeps_some, n});
    REQUIRE(story.live(kSteps).is_ok());
    story.drop_log();
    machine.disk.crash({keeps_some, n + 1});
    REQUIRE(story.restart().is_ok());
  }
  CHECK(calls > kSteps);
}

TEST_CASE("power is lost in recovery, at every call, twice in a row") {
  for (uint64_t n = 1;; ++n) {
    INFO("call " << n << " of the recovery");
    Machine machine;
    LogStory story(machine.disk, 9);
    REQUIRE(story.live(kSteps).is_ok());
    story.drop_log();
    machine.disk.crash({true, n});
    bool died = false;
    for (uint64_t again = 0; again < 2; ++again) {
      machine.disk.set_crash_after(n, n + again);
      const Status ended = story.restart();
      died = died || machine.disk.is_dead();
      if (!machine.disk.is_dead()) REQUIRE(ended.is_ok());
      story.drop_log();
      machine.disk.crash({true, n + 7 * again});
    }
    REQUIRE(story.live(kSteps).is_ok());
    if (!died) break;
    REQUIRE(n < 200);
  }
}

TEST_CASE("a killed process loses nothing that it had appended") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Machine machine;
    LogStory story(machine.disk, seed);
    for (int life = 0; life < 4; ++life) {
      REQUIRE(story.live(20).is_ok());
      story.expect_all_written();
      story.drop_log();
      machine.disk.kill_process();
    }
    REQUIRE(story.restart().is_ok());
  }
}

TEST_CASE("random lives end in random power cuts") {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    INFO("seed " << seed << "; repeat with this seed alone");
    Machine machine;
    LogStory story(machine.disk, seed);
    Random random(seed * 31);
    for (int life = 0; life < 4; ++life) {
      machine.disk.set_crash_after(1 + random.below(120), random.next());
      const Status ended = story.live(kSteps);
      if (!machine.disk.is_dead()) REQUIRE(ended.is_ok());
      story.drop_log();
      machine.disk.crash({true, random.next()});
    }
    REQUIRE(story.restart().is_ok());
  }
}

// Fails the n-th call of some kinds, for n = 1, 2, 3, … until no call is left to fail.
void fail_each_call(const std::string& kinds, const std::string& how) {
  for (uint64_t n = 1;; ++n) {
    INFO(kinds << " nth=" << n << " " << how);
    Machine machine;
    FaultFileSystem faults(machine.disk);
    LogStory story(faults, 13);
    faults.fail(kinds + " * nth=" + std::to_string(n) + " " + how);
    int errors = 0;
    while (!story.has_log()) {
      if (story.restart().is_ok()) break;
      REQUIRE(++errors < 3);
    }
    for (int i = 0; i < kSteps; ++i) {
      if (story.step().is_ok()) continue;
      // A caller goes on by rotate(), as soon as that works.
      for (int tries = 0; !story.resume().is_ok(); ++tries) {
        if (tries == 3) faults.heal();
        REQUIRE(tries < 5);
      }
    }
    const bool fired = faults.faults() > 0;
    faults.heal();
    REQUIRE(story.close().is_ok());
    story.drop_log();
    machine.disk.crash({true, n});
    // After an orderly close nothing is in doubt.
    REQUIRE(story.restart().is_ok());
    if (!fired && errors == 0) return;
  }
}

TEST_CASE("every write, sync and other call fails once, and the log goes on") {
  fail_each_call("write,sync,syncdir,rename,remove,preallocate,overwrite,close,exists,size",
                 "once EIO");
}

TEST_CASE("the disk is full once at every call") {
  fail_each_call("write,syncdir,rename,preallocate,overwrite", "once ENOSPC");
}

TEST_CASE("every write is cut short once") { fail_each_call("write", "once short"); }

TEST_CASE("a read that fails or falls short stops recovery with its cause, nothing is changed") {
  const std::string fault = GENERATE("once EIO", "once short");
  for (uint64_t n = 1;; ++n) {
    INFO("read nth=" << n << " " << fault);
    Machine machine;
    FaultFileSystem faults(machine.disk);
    LogStory story(faults, 21);
    REQUIRE(story.live(kSteps).is_ok());
    REQUIRE(story.close().is_ok());
    story.drop_log();
    const uint64_t calls = machine.disk.calls();
    faults.fail("read * nth=" + std::to_string(n) + " " + fault);
    const auto found = recover(faults, "/wal", story.start());
    CHECK(machine.disk.calls() == calls);
    if (faults.faults() == 0) break;
    REQUIRE_FALSE(found);
    CHECK((found.error().code() == StatusCode::IO_ERROR ||
           found.error().code() == StatusCode::CORRUPTION));
    faults.heal();
    REQUIRE(story.restart().is_ok());
  }
}

}  // namespace
}  // namespace kvhost::engine::testing
