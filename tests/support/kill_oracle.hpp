// The victim of kill and power-cut loops (tests/crash/kill_loop_child) seen from outside: starting
// it, listening to what it says was acknowledged, and checking that all of it is there afterwards.
//
// Threads:   one.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "kvhost/engine/engine.hpp"
#include "support/places.hpp"

namespace kvhost::engine::testing {

inline constexpr int kVictimThreads = 3;
// Numbers of one life; the next life begins above.
inline constexpr uint64_t kNumbersOfALife = 1'000'000;

struct Victim {
  pid_t process = -1;
  int output = -1;
};

// `before` is put in front of the command line: strace and its options.
inline Victim start_victim(const std::string& directory, const char* mode, uint64_t first,
                           const std::vector<std::string>& before = {}) {
  std::array<int, 2> pipe_ends{};
  REQUIRE(::pipe(pipe_ends.data()) == 0);
  std::vector<std::string> words = before;
  words.push_back(kvhost::testing::binary_dir() + "/tests/kill_loop_child");
  words.push_back(directory);
  words.emplace_back(mode);
  words.push_back(std::to_string(first));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t process = ::fork();
  REQUIRE(process >= 0);
  if (process == 0) {
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  return {process, pipe_ends[0]};
}

// Reads what the victim tells; once it has told enough, `end` is called once. Reads on until the
// victim is gone and returns everything told; its wait status goes to `state`.
template <typename End>
std::string listen(const Victim& victim, std::size_t enough, const End& end, int* state = nullptr) {
  std::string told;
  bool is_ended = false;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = ::read(victim.output, part.data(), part.size());
    if (count <= 0) break;
    told.append(part.data(), static_cast<std::size_t>(count));
    if (!is_ended && told.size() >= enough) {
      is_ended = true;
      end();
    }
  }
  ::close(victim.output);
  int left = 0;
  REQUIRE(::waitpid(victim.process, &left, 0) == victim.process);
  if (state != nullptr) *state = left;
  return told;
}

// The highest number acknowledged by each thread; 0 = none.
using Acknowledged = std::array<uint64_t, kVictimThreads>;

inline Acknowledged newest_of(const std::string& told) {
  Acknowledged newest{};
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

inline bool has_key(Engine& engine, uint32_t space, const std::string& key, std::size_t least) {
  const auto got = engine.get({}, space, key);
  INFO(got.status().to_string());
  REQUIRE(got.has_value());
  return got->found() && got->value.view().size() >= least;
}

inline std::string victim_key(int thread, uint64_t number) {
  return std::to_string(thread) + "/" + std::to_string(number);
}

// Every batch of a thread up to `last` is there, whole; the one after it may be, whole too; the
// others are not.
inline void check_thread(Engine& engine, int thread, uint64_t first, uint64_t last) {
  const bool has_next = has_key(engine, 1, victim_key(thread, last + 1), 4);
  for (uint64_t number = first; number <= last; ++number) {
    const std::string key = victim_key(thread, number);
    INFO(key << " of " << last);
    REQUIRE(has_key(engine, 1, key, 4));
    const uint64_t killer = number + 100;
    const bool may_be_deleted = killer % 3 == 0 && killer <= last + (has_next ? 1 : 0);
    REQUIRE(has_key(engine, 0, key, key.size() + 200) == !may_be_deleted);
  }
  CHECK(has_key(engine, 0, victim_key(thread, last + 1), 200) == has_next);
  CHECK_FALSE(has_key(engine, 1, victim_key(thread, last + 2), 0));
}

// Nothing acknowledged in the life that began with `first` is lost.
inline void check_life(Engine& engine, uint64_t first, const Acknowledged& newest) {
  for (int t = 0; t < kVictimThreads; ++t) {
    const uint64_t last = newest[static_cast<std::size_t>(t)];
    if (last != 0) check_thread(engine, t, first, last);
  }
}

// What is there of that life is a prefix of each thread's history, as long as it may be.
inline void check_prefix(Engine& engine, uint64_t first, const Acknowledged& newest) {
  for (int t = 0; t < kVictimThreads; ++t) {
    uint64_t last = first;
    while (last <= newest[static_cast<std::size_t>(t)] &&
           has_key(engine, 1, victim_key(t, last), 4)) {
      ++last;
    }
    if (last == first) continue;
    check_thread(engine, t, first, last - 1);
    for (uint64_t number = last + 1; number <= newest[static_cast<std::size_t>(t)]; ++number) {
      REQUIRE_FALSE(has_key(engine, 1, victim_key(t, number), 0));
    }
  }
}

// The options that the victim opens its database with.
inline Options victim_options() {
  Options options;
  options.memtable_size = 256 << 10;
  options.wal_segment_size = 512 << 10;
  options.target_file_size = 128 << 10;
  return options;
}

inline std::unique_ptr<Engine> open_after(const std::string& directory) {
  auto engine = Engine::open(directory, victim_options(), {});
  INFO(engine.status().to_string());
  REQUIRE(engine.has_value());
  return std::move(*engine);
}

}  // namespace kvhost::engine::testing
