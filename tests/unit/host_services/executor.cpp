#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>
#include <vector>

#include "services/executor_service.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {

TEST_CASE("a full lane refuses, and what it refused never runs") {
  Counter running;
  Counter go_on;
  Counter ran;
  ExecutorService executor({{1, 2}, {1, 2}});
  const auto blocker = [&] {
    running.add();
    go_on.wait_for(1);
  };
  REQUIRE(executor.post(KVH_LANE_READ, blocker).is_ok());
  running.wait_for(1);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(executor.post(KVH_LANE_READ, [&] { ran.add(); }).is_ok());
  }
  CHECK(executor.queued(KVH_LANE_READ) == 2);
  CHECK(executor.post(KVH_LANE_READ, [&] { ran.add(); }).code() == StatusCode::OVERLOADED);
  // The other lane goes its own way.
  REQUIRE(executor.post(KVH_LANE_BACKGROUND, [&] { ran.add(); }).is_ok());
  ran.wait_for(1);
  go_on.add();
  ran.wait_for(3);
  executor.stop();
  CHECK(ran.value() == 3);
}

TEST_CASE("stop runs what was taken, and then nothing is taken") {
  Counter ran;
  ExecutorService executor({{1, 100}, {1, 100}});
  for (int i = 0; i < 50; ++i) {
    REQUIRE(executor.post(KVH_LANE_READ, [&] { ran.add(); }).is_ok());
  }
  executor.stop();
  CHECK(ran.value() == 50);
  CHECK(executor.post(KVH_LANE_READ, [] {}).code() == StatusCode::DRAINING);
}

TEST_CASE("an unknown lane is refused, and a throwing task ends alone") {
  ExecutorService executor({{1, 4}, {1, 4}});
  const kvh_executor& table = *executor.table();
  CHECK(table.post(
            table.self, 7, [](void*) noexcept {}, nullptr) == KVH_INVALID_ARGUMENT);
  CHECK(table.post(table.self, KVH_LANE_READ, nullptr, nullptr) == KVH_INVALID_ARGUMENT);
  Counter ran;
  REQUIRE(executor.post(KVH_LANE_READ, [] { throw 42; }).is_ok());
  REQUIRE(executor.post(KVH_LANE_READ, [&] { ran.add(); }).is_ok());
  ran.wait_for(1);
}

TEST_CASE("posted from many threads, everything taken runs exactly once") {
  ExecutorService executor({{3, 64}, {1, 8}});
  std::atomic<int> ran{0};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (executor.post(KVH_LANE_READ, [&] { ++ran; }).is_ok()) ++taken;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  executor.stop();
  CHECK(ran == taken);
  CHECK(taken > 0);
}

}  // namespace kvhost::host::testing
