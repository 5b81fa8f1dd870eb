// Conditional batches, counters, and what existed.
#include <thread>

#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("a batch whose condition fails writes nothing and says which failed") {
  Story story;
  const uint64_t version = story.put("a", "1");
  WriteBatch batch;
  batch.require_version(0, "a", version);
  batch.require_absent(0, "a");
  batch.require_value(0, "a", "other");
  batch.require_present(0, "missing");
  batch.put(0, "a", "2");
  const WriteResult result = story.write(batch);
  CHECK(result.outcome.code() == StatusCode::CONDITION_FAILED);
  REQUIRE(result.failed.size() == 3);
  CHECK(result.failed[0].index == 1);
  CHECK(result.failed[0].current_version == version);
  CHECK(result.failed[2].index == 3);
  CHECK(result.failed[2].current_version == 0);
  CHECK(result.ops.empty());
  CHECK(story.get("a") == "1");
  CHECK(story.engine().last_sequence() == version);
  CHECK(story.engine().statistics().condition_failures == 1);
}

TEST_CASE("each condition holds when it should, over memtable and table") {
  Story story;
  const uint64_t version = story.put("a", "1");
  if (GENERATE(false, true)) story.flush();
  WriteBatch batch;
  batch.require_present(0, "a");
  batch.require_version(0, "a", version);
  batch.require_value(0, "a", "1");
  batch.require_absent(0, "b");
  batch.require_version(0, "b", 0);
  batch.put(0, "b", "2");
  CHECK(story.write(batch).outcome.is_ok());
  CHECK(story.get("b") == "2");
}

TEST_CASE("an operation sees those before it in its batch, conditions see none") {
  Story story;
  WriteBatch batch;
  batch.put(0, "n", "40");
  batch.increment(0, "n", 2);
  batch.erase(0, "n", kWantExisted);
  batch.erase(0, "n", kWantExisted);
  batch.put(0, "n", "x", {}, kWantExisted);
  batch.erase_range(0, "a", "z");
  batch.increment(0, "n", 5);
  batch.require_absent(0, "n");
  const WriteResult result = story.write(batch);
  REQUIRE(result.outcome.is_ok());
  CHECK(result.ops[1].number == 42);
  CHECK(result.ops[2].existed);
  CHECK_FALSE(result.ops[3].existed);
  CHECK_FALSE(result.ops[4].existed);
  CHECK(result.ops[6].number == 5);
  CHECK(story.get("n") == "5");
}

TEST_CASE("counters keep their expiry, and refuse what is no number") {
  Story story;
  story.put("n", "10", Expiry::after_ms(100));
  story.put("s", "ten");
  story.put("max", "9223372036854775807");
  WriteBatch up;
  up.increment(0, "n", -15);
  up.increment(0, "fresh", 1);
  const WriteResult result = story.write(up);
  CHECK(result.ops[0].number == -5);
  CHECK(result.ops[0].existed);
  CHECK_FALSE(result.ops[1].existed);
  CHECK(story.get("n") == "-5");
  for (const char* key : {"s", "max"}) {
    WriteBatch bad;
    bad.put(0, "beside", "x");
    bad.increment(0, key, 1);
    CHECK(story.write(bad).outcome.code() == StatusCode::NOT_A_NUMBER);
  }
  CHECK(story.get("beside") == "(absent)");
  story.clock.advance_ms(100);
  CHECK(story.get("n") == "(absent)");
  CHECK(story.get("fresh") == "1");
}

TEST_CASE("conditional batches of one group see each other: a lock has one winner") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kAlways, WalSync::kNever);
  Story story(options);
  constexpr int kThreads = 4;
  constexpr int kRounds = 100;
  std::vector<int> wins(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        WriteBatch batch;
        const std::string key = "lock" + std::to_string(round);
        batch.require_absent(0, key);
        batch.put(0, key, std::to_string(t));
        batch.increment(0, "count", 1);
        const auto result = story.engine().write({}, batch);
        if (result && result->outcome.is_ok()) ++wins[static_cast<std::size_t>(t)];
      }
    });
  }
  for (std::thread& one : threads) one.join();
  CHECK(wins[0] + wins[1] + wins[2] + wins[3] == kRounds);
  CHECK(story.get("count") == std::to_string(kRounds));
}

TEST_CASE("an expired key counts as absent where a batch is judged") {
  Story story;
  story.put("k", "7", Expiry::after_ms(50));
  story.clock.advance_ms(50);
  WriteBatch batch;
  batch.require_absent(0, "k");
  batch.erase(0, "k", kWantExisted);
  batch.increment(0, "k", 1);
  const WriteResult result = story.write(batch);
  REQUIRE(result.outcome.is_ok());
  CHECK_FALSE(result.ops[0].existed);
  CHECK(result.ops[1].number == 1);
}
