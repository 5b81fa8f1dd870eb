// Memory that runs out in a request is an error of that request: the n-th allocation of a call
// fails, for every n. What the log holds already must get into memory, so there the process ends
// instead, and the next start has it.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <new>

#include "kvhost/engine/engine.hpp"
#include "support/temporary_directory.hpp"

namespace {

// Allocations of this thread until one fails; negative: none does.
thread_local long allocations_left = -1;

void* allocate(std::size_t size, std::size_t alignment = 0) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  void* const memory =
      alignment == 0
          ? std::malloc(size == 0 ? 1 : size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
// Those that answer null, too: each comes to the delete below, and a sanitizer's own must not.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace kvhost;          // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

Options small_options() {
  Options options;
  options.memory = uint64_t{8} << 20;
  options.memtable_size = uint64_t{1} << 20;
  options.wal_segment_size = 64 << 10;
  options.wal_sync = WalSync::kNever;
  return options;
}

std::unique_ptr<Engine> open(const std::string& directory) {
  auto opened = Engine::open(directory, small_options(), {});
  if (!opened) std::abort();
  return std::move(*opened);
}

Status put(Engine& engine, const WriteBatch& batch) { return engine.write({}, batch).status(); }

// At once, if that goes.
Status put_at_once(Engine& engine, const WriteBatch& batch) {
  const auto done = engine.try_write(batch);
  return done ? done->status() : put(engine, batch);
}

// Runs `call` with its n-th allocation failing, for every n, until there is no such allocation.
// Returns how many failed.
long fail_each(const std::function<Status()>& call) {
  for (long nth = 0; nth < 100'000; ++nth) {
    allocations_left = nth;
    const Status outcome = call();
    const bool has_failed = allocations_left < 0;
    allocations_left = -1;
    INFO("allocation " << nth << ": " << outcome.to_string());
    if (!has_failed) {
      REQUIRE(outcome.is_ok());
      return nth;
    }
    REQUIRE((outcome.is_ok() || outcome.code() == StatusCode::OUT_OF_MEMORY));
    // The next one is well again.
    REQUIRE(call().is_ok());
  }
  return -1;
}

enum Exit { kWritten = 10, kRefused = 11, kNothingFailed = 12, kBroken = 13 };

// In a process of its own: one write with its n-th allocation failing, and one more after it.
int write_in_child(const std::string& directory, long nth, bool at_once) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // An abort is expected here: no core file, no words.
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(kBroken);
    std::signal(SIGABRT, SIG_DFL);
    std::set_terminate([] { std::abort(); });
    // Whoever waits for ever is found out.
    ::alarm(60);
    const auto engine = open(directory);
    WriteBatch batch;
    batch.put(0, "probe" + std::to_string(nth), std::string(3000, 'p'));
    batch.increment(0, "counter", 1);
    WriteBatch after;
    after.put(0, "after" + std::to_string(nth), "1");
    allocations_left = nth;
    const Status outcome = at_once ? put_at_once(*engine, batch) : put(*engine, batch);
    const bool has_failed = allocations_left < 0;
    allocations_left = -1;
    if (!put(*engine, after).is_ok()) ::_exit(kBroken);
    if (!has_failed) ::_exit(kNothingFailed);
    if (outcome.is_ok()) ::_exit(kWritten);
    ::_exit(outcome.code() == StatusCode::OUT_OF_MEMORY ? kRefused : kBroken);
  }
  int state = 0;
  REQUIRE(::waitpid(child, &state, 0) == child);
  return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

}  // namespace

TEST_CASE("memory that runs out in a read fails that read alone") {
  kvhost::engine::testing::TemporaryDirectory directory;
  const auto engine = open(directory.path() + "/db");
  for (int i = 0; i < 50; ++i) {
    WriteBatch batch;
    batch.put(0, "key" + std::to_string(100 + i), std::string(1000, 'v'));
    if (i == 20) batch.erase_range(0, "key105", "key107");
    REQUIRE(put(*engine, batch).is_ok());
    if (i == 30) REQUIRE(engine->flush().is_ok());
  }
  const long in_get = fail_each([&]() -> Status {
    const auto got = engine->get({}, 0, "key110");
    if (got && (!got->found() || got->value.view().size() != 1000)) std::abort();
    return got.status();
  });
  const std::vector<KeyRef> keys = {{0, "key101"}, {0, "key105"}, {0, "key140"}};
  const long in_multi_get = fail_each([&]() -> Status {
    const auto got = engine->multi_get({}, keys);
    if (got && (!(*got)[0].found() || (*got)[1].found() || !(*got)[2].found())) std::abort();
    return got.status();
  });
  const long in_iterator = fail_each([&]() -> Status {
    auto made = engine->iterator({}, {});
    if (!made) return made.status();
    int seen = 0;
    for ((*made)->seek_to_first(); (*made)->valid(); (*made)->next()) ++seen;
    if ((*made)->status().is_ok() && seen != 48) std::abort();
    if (!(*made)->status().is_ok()) return (*made)->status();
    seen = 0;
    for ((*made)->seek_to_last(); (*made)->valid(); (*made)->prev()) ++seen;
    if ((*made)->status().is_ok() && seen != 48) std::abort();
    return (*made)->status();
  });
  INFO(in_get << " in get, " << in_multi_get << " in multi_get, " << in_iterator << " in iterator");
  CHECK(in_multi_get > 2);
  CHECK(in_iterator > 5);
}

TEST_CASE("memory that runs out in a write fails that write, or ends the process before it lies") {
  kvhost::engine::testing::TemporaryDirectory directory;
  const std::string database = directory.path() + "/db";
  const bool at_once = GENERATE(false, true);
  {
    WriteBatch batch;
    batch.put(0, "base", "1");
    REQUIRE(put(*open(database), batch).is_ok());
  }
  int refused = 0;
  for (long nth = 0; nth < 1000; ++nth) {
    const int ended = write_in_child(database, nth, at_once);
    INFO("allocation " << nth << " ended with " << ended);
    REQUIRE(
        (ended == kWritten || ended == kRefused || ended == kNothingFailed || ended == -SIGABRT));
    refused += ended == kRefused ? 1 : 0;
    const auto engine = open(database);
    REQUIRE(engine->get({}, 0, "base")->found());
    const bool is_there = engine->get({}, 0, "probe" + std::to_string(nth))->found();
    if (ended == kWritten || ended == kNothingFailed) REQUIRE(is_there);
    if (ended == kRefused) REQUIRE_FALSE(is_there);
    if (ended > 0) REQUIRE(engine->get({}, 0, "after" + std::to_string(nth))->found());
    if (ended == kNothingFailed) break;
    REQUIRE(nth < 999);
  }
  // What memory ran out for at once may still be written the long way.
  CHECK((refused > 0 || at_once));
}
