// kill -9 under load, again and again: whatever the victim said was acknowledged is there after the
// next start, whole batches at that, and what was deleted stays deleted.
//
//   KVHOST_KILLS=300 test_kill_loop     for longer
#include <cstdlib>

#include "base/random.hpp"
#include "support/kill_oracle.hpp"
#include "support/temporary_directory.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("nothing acknowledged is lost by kill -9") {
  const char* const asked = std::getenv("KVHOST_KILLS");
  const int kills = asked == nullptr ? 5 : std::atoi(asked);
  const char* const mode = GENERATE("always", "interval");
  TemporaryDirectory directory;
  const std::string database = directory.path() + "/db";
  const uint64_t seed = random_seed();
  INFO("mode " << mode << ", seed " << seed);
  Random random(seed);
  for (int life = 1; life <= kills; ++life) {
    const uint64_t first = static_cast<uint64_t>(life) * kNumbersOfALife;
    const Victim victim = start_victim(database, mode, first);
    int state = 0;
    const std::string told = listen(
        victim, 100 + random.below(15'000), [&] { ::kill(victim.process, SIGKILL); }, &state);
    CHECK(WIFSIGNALED(state));
    const auto engine = open_after(database);
    check_life(*engine, first, newest_of(told));
  }
}
