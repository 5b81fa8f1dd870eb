#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "services/timer_service.hpp"
#include "store/pending_call.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

constexpr uint64_t kMs = 1'000'000;

void count(void* counter) noexcept { static_cast<Counter*>(counter)->add(); }

}  // namespace

TEST_CASE("a timer fires once, not before its time") {
  TimerService timer;
  struct Fired {
    Counter times;
    uint64_t at_ns = 0;
  } fired;
  const uint64_t started = monotonic_ns();
  const uint64_t id = timer.after(
      20 * kMs,
      [](void* ctx) noexcept {
        static_cast<Fired*>(ctx)->at_ns = monotonic_ns();
        static_cast<Fired*>(ctx)->times.add();
      },
      &fired);
  CHECK(id != 0);
  fired.times.wait_for(1);
  timer.stop();
  CHECK(fired.at_ns - started >= 20 * kMs);
  CHECK_FALSE(timer.cancel(id));
  CHECK(fired.times.value() == 1);
}

TEST_CASE("timers fire in the order of their times, whatever order they were set in") {
  TimerService timer;
  struct Entry {
    std::vector<int>* order;
    int number;
    Counter* fired;
  };
  std::vector<int> order;
  Counter fired;
  std::vector<Entry> entries;
  for (int i = 0; i < 5; ++i) entries.push_back({&order, i, &fired});
  for (const int i : {3, 0, 4, 1, 2}) {
    timer.after(
        static_cast<uint64_t>(10 + i * 10) * kMs,
        [](void* ctx) noexcept {
          auto& entry = *static_cast<Entry*>(ctx);
          entry.order->push_back(entry.number);
          entry.fired->add();
        },
        &entries[static_cast<std::size_t>(i)]);
  }
  fired.wait_for(5);
  timer.stop();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a cancelled timer does not fire, a second cancel says so") {
  Counter fired;
  TimerService timer;
  const uint64_t far = timer.after(3'600'000 * kMs, &count, &fired);
  const uint64_t near = timer.after(10 * kMs, &count, &fired);
  CHECK(timer.cancel(far));
  CHECK_FALSE(timer.cancel(far));
  fired.wait_for(1);
  CHECK_FALSE(timer.cancel(near));
  CHECK_FALSE(timer.cancel(987654));
  CHECK(fired.value() == 1);
}

TEST_CASE("cancel waits for a callback that is running") {
  TimerService timer;
  struct Running {
    Counter begun;
    Counter may_end;
    std::atomic<bool> ended{false};
  } running;
  const uint64_t id = timer.after(
      0,
      [](void* ctx) noexcept {
        auto& mine = *static_cast<Running*>(ctx);
        mine.begun.add();
        mine.may_end.wait_for(1);
        mine.ended = true;
      },
      &running);
  running.begun.wait_for(1);
  std::thread helper([&] { running.may_end.add(); });
  CHECK_FALSE(timer.cancel(id));
  CHECK(running.ended);
  helper.join();
}

TEST_CASE("a callback may set the next timer and cancel others") {
  TimerService timer;
  struct Chain {
    TimerService* timer;
    Counter fired;
    uint64_t other = 0;
    std::atomic<bool> cancelled{false};
  } chain;
  chain.timer = &timer;
  chain.other = timer.after(3'600'000 * kMs, &count, &chain.fired);
  timer.after(
      kMs,
      [](void* ctx) noexcept {
        auto& mine = *static_cast<Chain*>(ctx);
        mine.cancelled = mine.timer->cancel(mine.other);
        mine.timer->after(kMs, &count, &mine.fired);
      },
      &chain);
  chain.fired.wait_for(1);
  timer.stop();
  CHECK(chain.cancelled);
}

TEST_CASE("after stop nothing fires and nothing is taken") {
  Counter fired;
  TimerService timer;
  timer.after(50 * kMs, &count, &fired);
  timer.stop();
  CHECK(timer.after(0, &count, &fired) == 0);
  CHECK(fired.value() == 0);
}

TEST_CASE("timers are set and cancelled by many threads at once") {
  TimerService timer;
  std::atomic<int> fired{0};
  std::atomic<int> cancelled{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const uint64_t id = timer.after(
            static_cast<uint64_t>((i + t) % 3) * 50'000,
            [](void* ctx) noexcept { ++*static_cast<std::atomic<int>*>(ctx); }, &fired);
        if (i % 2 == 0 && timer.cancel(id)) ++cancelled;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const uint64_t deadline = monotonic_ns() + 10'000 * kMs;
  while (fired + cancelled < 1'200 && monotonic_ns() < deadline) std::this_thread::yield();
  CHECK(fired + cancelled == 1'200);
}

}  // namespace kvhost::host::testing
