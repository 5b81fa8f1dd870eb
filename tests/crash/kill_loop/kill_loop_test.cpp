// kill -9 under load, again and again: whatever the victim said was acknowledged is there after the
// next start, whole batches at that, and what was deleted stays deleted.
//
//   KVHOST_KILLS=300 test_kill_loop     for longer
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <string>

#include "base/random.hpp"
#include "kvhost/engine/engine.hpp"
#include "support/temporary_directory.hpp"

using namespace kvhost;          // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

constexpr int kThreads = 3;
// Numbers of one life; the next life begins above.
constexpr uint64_t kLife = 1'000'000;

struct Victim {
  pid_t process = -1;
  int output = -1;
};

Victim start(const std::string& directory, const char* mode, uint64_t first) {
  std::array<int, 2> pipe_ends{};
  REQUIRE(::pipe(pipe_ends.data()) == 0);
  const std::string program = std::string(KVHOST_BINARY_DIR) + "/tests/kill_loop_child";
  const std::string number = std::to_string(first);
  const pid_t process = ::fork();
  REQUIRE(process >= 0);
  if (process == 0) {
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    ::execl(program.c_str(), program.c_str(), directory.c_str(), mode, number.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  return {process, pipe_ends[0]};
}

// Reads what the victim tells until it has told enough, kills it, and reads the rest.
std::string listen_and_kill(const Victim& victim, std::size_t enough) {
  std::string told;
  bool is_killed = false;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = ::read(victim.output, part.data(), part.size());
    if (count <= 0) break;
    told.append(part.data(), static_cast<std::size_t>(count));
    if (!is_killed && told.size() >= enough) {
      ::kill(victim.process, SIGKILL);
      is_killed = true;
    }
  }
  ::close(victim.output);
  int state = 0;
  REQUIRE(::waitpid(victim.process, &state, 0) == victim.process);
  CHECK(WIFSIGNALED(state));
  return told;
}

// The highest number acknowledged by each thread; 0 = none.
std::array<uint64_t, kThreads> newest_of(const std::string& told) {
  std::array<uint64_t, kThreads> newest{};
  std::size_t at = 0;
  while (true) {
    const std::size_t end = told.find('\n', at);
    if (end == std::string::npos) return newest;
    const auto thread = static_cast<std::size_t>(told[at] - '0');
    REQUIRE(thread < newest.size());
    newest[thread] = std::stoull(told.substr(at + 2, end - at - 2));
    at = end + 1;
  }
}

bool has(Engine& engine, uint32_t space, const std::string& key, std::size_t least) {
  const auto got = engine.get({}, space, key);
  INFO(got.status().to_string());
  REQUIRE(got.has_value());
  return got->found() && got->value.view().size() >= least;
}

// Each thread's keys of one life, up to what it acknowledged and one batch beyond.
void check_life(Engine& engine, uint64_t first, const std::array<uint64_t, kThreads>& newest) {
  for (int t = 0; t < kThreads; ++t) {
    const uint64_t last = newest[static_cast<std::size_t>(t)];
    if (last == 0) continue;
    // The batch after the last acknowledged one may have happened.
    const bool has_next = has(engine, 1, std::to_string(t) + "/" + std::to_string(last + 1), 4);
    for (uint64_t number = first; number <= last; ++number) {
      const std::string key = std::to_string(t) + "/" + std::to_string(number);
      INFO(key << " of " << last);
      REQUIRE(has(engine, 1, key, 4));
      const uint64_t killer = number + 100;
      const bool may_be_deleted = killer % 3 == 0 && killer <= last + (has_next ? 1 : 0);
      REQUIRE(has(engine, 0, key, key.size() + 200) == !may_be_deleted);
    }
    // A batch is all or nothing.
    const std::string next = std::to_string(t) + "/" + std::to_string(last + 1);
    CHECK(has(engine, 0, next, 200) == has_next);
    CHECK_FALSE(has(engine, 1, std::to_string(t) + "/" + std::to_string(last + 2), 0));
  }
}

}  // namespace

TEST_CASE("nothing acknowledged is lost by kill -9") {
  const char* const asked = std::getenv("KVHOST_KILLS");
  const int kills = asked == nullptr ? 5 : std::atoi(asked);
  const char* const mode = GENERATE("always", "interval");
  kvhost::engine::testing::TemporaryDirectory directory;
  const std::string database = directory.path() + "/db";
  const uint64_t seed = random_seed();
  INFO("mode " << mode << ", seed " << seed);
  Random random(seed);
  for (int life = 1; life <= kills; ++life) {
    const uint64_t first = static_cast<uint64_t>(life) * kLife;
    const Victim victim = start(database, mode, first);
    const std::string told = listen_and_kill(victim, 100 + random.below(15'000));
    Options options;
    options.wal_segment_size = 512 << 10;
    auto engine = Engine::open(database, options, {});
    INFO(engine.status().to_string());
    REQUIRE(engine.has_value());
    check_life(**engine, first, newest_of(told));
  }
}
