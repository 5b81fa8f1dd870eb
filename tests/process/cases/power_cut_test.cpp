// Power cuts on a real file system: an ext4 in a file is shut down under load, as if the machine
// had lost power, mounted again (its journal is replayed) and the database opened.
//
//   KVHOST_POWER_CUTS=100 test_process "power cuts*"     for longer
#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/random.hpp"
#include "machine.hpp"
#include "support/kill_oracle.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

// EXT4_IOC_SHUTDOWN, and its flag that keeps even the journal from being written out.
constexpr unsigned long kShutdown = 0x8004587D;
constexpr uint32_t kNoLogFlush = 2;

bool cut_power(const std::string& mounted) {
  const int folder = ::open(mounted.c_str(), O_RDONLY | O_DIRECTORY);
  uint32_t flags = kNoLogFlush;
  const bool is_cut = folder >= 0 && ::ioctl(folder, kShutdown, &flags) == 0;
  if (folder >= 0) ::close(folder);
  return is_cut;
}

}  // namespace

TEST_CASE("power cuts on a real file system lose nothing acknowledged") {
  const uint64_t cuts = number_from("KVHOST_POWER_CUTS", 2);
  const char* const mode = GENERATE("always", "interval");
  SmallDisk disk;
  if (::geteuid() != 0 || !disk.make_ext4("192M")) {
    return skip("power cuts need root, mkfs.ext4 and loop mounts");
  }
  const std::string database = disk.path() + "/db";
  const uint64_t seed = random_seed();
  INFO("mode " << mode << ", seed " << seed);
  Random random(seed);
  for (uint64_t life = 1; life <= cuts; ++life) {
    const uint64_t first = life * kNumbersOfALife;
    const Victim victim = start_victim(database, mode, first);
    bool is_cut = false;
    // Every thread stops before the power goes: what it says afterwards would be about a dead disk.
    const std::string told = listen(victim, 100 + random.below(15'000), [&] {
      ::kill(victim.process, SIGSTOP);
      int state = 0;
      ::waitpid(victim.process, &state, WUNTRACED);
      is_cut = cut_power(disk.path());
      ::kill(victim.process, SIGKILL);
    });
    if (!is_cut) return skip("this kernel's ext4 cannot be shut down by ioctl");
    disk.unmount();
    REQUIRE(disk.mount_image());
    const auto engine = open_after(database);
    if (std::string_view(mode) == "always") {
      check_life(*engine, first, newest_of(told));
    } else {
      check_prefix(*engine, first, newest_of(told));
    }
  }
}
