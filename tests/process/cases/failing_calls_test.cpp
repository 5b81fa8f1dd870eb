// System calls that fail or kill, by strace: a sync that reports EIO is never acknowledged, and a
// recovery may be killed at any of its calls, twice in a row.
//
//   KVHOST_SYNC_FAULTS=200 KVHOST_RECOVERY_KILLS=100 test_process     for longer
#include "machine.hpp"
#include "support/kill_oracle.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

std::vector<std::string> strace(const std::string& injection) {
  const std::string calls = injection.substr(0, injection.find(':'));
  return {"strace",
          "-f",
          "-qqq",
          "-o",
          "/dev/null",
          "-e",
          "trace=" + calls,
          "-e",
          "inject=" + injection};
}

// strace is there and may trace.
bool can_inject() {
  return run_quietly("strace -f -o /dev/null -e trace=fsync -e inject=fsync:error=EIO:when=1 true");
}

}  // namespace

TEST_CASE("a sync that fails is acknowledged by nobody, on a real disk") {
  if (!can_inject()) return skip("failing syncs need strace, and to be allowed to trace");
  const uint64_t faults = number_from("KVHOST_SYNC_FAULTS", 4);
  TemporaryDirectory directory;
  const std::string database = directory.path() + "/db";
  for (uint64_t life = 1; life <= faults; ++life) {
    // Early ones meet the opening, later ones the load (strace counts per thread).
    const std::string when = std::to_string(life <= 2 ? life * 3 : life * life);
    const uint64_t first = life * kNumbersOfALife;
    const Victim victim =
        start_victim(database, "always", first, strace("fsync,fdatasync:error=EIO:when=" + when));
    int state = 0;
    const std::string told = listen(
        victim, 200'000, [&] { ::kill(victim.process, SIGKILL); }, &state);
    INFO("the sync number " << when << " of a thread failed");
    // The victim gave up by itself at the first write that was refused.
    CHECK(WIFEXITED(state));
    CHECK(WEXITSTATUS(state) == 1);
    const auto engine = open_after(database);
    check_life(*engine, first, newest_of(told));
  }
}

TEST_CASE("a recovery may be killed at any system call, twice in a row") {
  if (!can_inject()) return skip("kills at a system call need strace, and to be allowed to trace");
  const uint64_t kills = number_from("KVHOST_RECOVERY_KILLS", 3);
  TemporaryDirectory directory;
  const std::string database = directory.path() + "/db";
  const uint64_t first = kNumbersOfALife;
  const Victim loaded = start_victim(database, "always", first);
  const std::string told = listen(loaded, 20'000, [&] { ::kill(loaded.process, SIGKILL); });
  const Acknowledged newest = newest_of(told);
  // The state that every recovery starts from.
  const std::string copy = directory.path() + "/copy";
  for (const char* calls : {"openat", "pwrite64,write", "fsync,fdatasync", "rename,unlink"}) {
    for (uint64_t nth = 1; nth <= kills; ++nth) {
      std::filesystem::remove_all(copy);
      std::filesystem::copy(database, copy, std::filesystem::copy_options::recursive);
      const std::string injection =
          std::string(calls) + ":signal=KILL:when=" + std::to_string(nth * nth);
      for (int again = 0; again < 2; ++again) {
        const Victim victim = start_victim(copy, "open", 0, strace(injection));
        listen(victim, 1, [] {});
      }
      INFO(injection);
      check_life(*open_after(copy), first, newest);
    }
  }
}
