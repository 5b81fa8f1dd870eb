#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/thread_name.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/logger.hpp"

namespace kvhost::engine {
namespace {

TEST_CASE("a failed assertion names file, line and message and aborts") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    // Catch would take the signal for a failure of the test.
    ::signal(SIGABRT, SIG_DFL);
    KVHOST_ASSERT(1 + 1 == 3, "sums are right");
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string text(512, '\0');
  const ssize_t count = ::read(pipe[0], text.data(), text.size());
  ::close(pipe[0]);
  int state = 0;
  ::waitpid(child, &state, 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  CHECK(WIFSIGNALED(state));
  CHECK(WTERMSIG(state) == SIGABRT);
  CHECK(text.find("base_test.cpp:") != std::string::npos);
  CHECK(text.find("sums are right (1 + 1 == 3 does not hold)") != std::string::npos);
}

TEST_CASE("the checksum is XXH3 with 64 bits, for ever") {
  CHECK(checksum64("") == 0x2D06800538D394C2u);
  CHECK(checksum64("kvhost", 0) != checksum64("kvhost", 1));
  CHECK(checksum64("kvhost", 1) == hash64("kvhost", 1));
}

TEST_CASE("equal seeds draw equal numbers") {
  Random one(42), other(42);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = one.next();
    CHECK(number == other.next());
    seen.insert(number);
  }
  CHECK(seen.size() == 1000);
  CHECK(random_seed() != random_seed());
}

TEST_CASE("a waiting thread is woken under the mutex, and a wait ends in time") {
  Mutex mutex;
  CondVar changed;
  int value = 0;
  std::thread waker([&] {
    MutexLock lock(mutex);
    value = 1;
    changed.notify_all();
  });
  {
    MutexLock lock(mutex);
    while (value == 0) changed.wait(mutex);
    CHECK(value == 1);
    CHECK_FALSE(changed.wait_for(mutex, std::chrono::milliseconds(1)));
    lock.unlock();
    lock.lock();
  }
  waker.join();
  CHECK(mutex.try_lock());
  mutex.unlock();
}

TEST_CASE("a mutex keeps threads apart") {
  Mutex mutex;
  int counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        MutexLock lock(mutex);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counter == 20'000);
}

TEST_CASE("a long thread name is cut, not refused") {
  std::thread([] {
    set_thread_name("kvhost-compaction-worker");
    std::array<char, 32> name{};
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    CHECK(std::string(name.data()) == "kvhost-compacti");
  }).join();
}

TEST_CASE("the machine's clocks and the silent logger") {
  const uint64_t before = system_clock().monotonic_ns();
  CHECK(system_clock().monotonic_ns() >= before);
  CHECK(system_clock().wall_ms() > uint64_t{1'600'000'000'000});
  null_logger().log(LogLevel::kError, "nobody hears this");
}

}  // namespace
}  // namespace kvhost::engine
