// Writes that are carried out at once, by the thread that brings them.
#include <atomic>
#include <thread>

#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

Options buffered_options() {
  Options options = small_options();
  options.wal_sync = WalSync::kNever;
  return options;
}

WriteBatch batch_of(std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.put(0, key, value);
  return batch;
}

}  // namespace

TEST_CASE("a write at once is visible, answered whole, and there after a kill") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kInterval, WalSync::kNever);
  Story story(options);
  story.put("first", "reserves numbers");
  const uint64_t before = story.engine().last_sequence();
  WriteBatch batch;
  batch.put(0, "a", "1", {}, kWantExisted);
  batch.increment(0, "n", 5);
  const auto done = story.engine().try_write(batch);
  REQUIRE(done);
  REQUIRE(done->has_value());
  CHECK((*done)->outcome.is_ok());
  CHECK((*done)->version == before + 2);
  REQUIRE((*done)->ops.size() == 2);
  CHECK_FALSE((*done)->ops[0].existed);
  CHECK((*done)->ops[1].number == 5);
  CHECK(story.get("a") == "1");
  CHECK(story.engine().statistics().puts == 2);
  story.kill();
  CHECK(story.get("a") == "1");
  CHECK(story.get("n") == "5");
}

TEST_CASE("a write at once is refused as any other") {
  Story story(buffered_options());
  story.put("a", "1");
  WriteBatch conditional;
  conditional.require_absent(0, "a");
  conditional.put(0, "b", "2");
  const auto failed = story.engine().try_write(conditional);
  REQUIRE(failed);
  CHECK((*failed)->outcome.code() == StatusCode::CONDITION_FAILED);
  CHECK((*failed)->failed.size() == 1);
  CHECK(story.get("b") == "(absent)");
  story.options().max_key_size = 10;
  story.reopen();
  story.put("first", "of this life");
  const auto refused = story.engine().try_write(batch_of("a key of many bytes", "v"));
  REQUIRE(refused);
  CHECK(refused->error().code() == StatusCode::TOO_LARGE);
}

TEST_CASE("what has to wait is not written at once, and nothing of it has happened") {
  SECTION("a sync before the answer, or a log that somebody else keeps") {
    Options options = small_options();
    options.wal_sync = GENERATE(WalSync::kAlways, WalSync::kOff);
    Story story(options);
    CHECK_FALSE(story.engine().try_write(batch_of("a", "1")));
    CHECK(story.get("a") == "(absent)");
  }
  SECTION("a batch that takes its time") {
    Story story(buffered_options());
    CHECK_FALSE(story.engine().try_write(batch_of("a", std::string(70'000, 'v'))));
    CHECK(story.get("a") == "(absent)");
  }
  SECTION("a record on the disk") {
    Options options = buffered_options();
    Story story(options);
    story.put("n", "41");
    story.put("m", std::string(3000, 'm'));
    story.flush();
    story.reopen();
    story.put("first", "of this life");
    const uint64_t before = story.engine().last_sequence();
    WriteBatch counts;
    counts.put(0, "beside", "1");
    counts.increment(0, "n", 1);
    REQUIRE_FALSE(story.engine().try_write(counts));
    CHECK(story.engine().last_sequence() == before);
    CHECK(story.get("beside") == "(absent)");
    // The read that this was brings the block into memory.
    CHECK(story.get("n") == "41");
    const auto done = story.engine().try_write(counts);
    REQUIRE(done);
    CHECK((*done)->ops[1].number == 42);
  }
  SECTION("a disk that failed") {
    Story story(buffered_options());
    story.put("a", "1");
    story.faults.fail("sync * nth=1 always EIO");
    static_cast<void>(story.engine().flush());
    REQUIRE_FALSE(story.engine().background_error().is_ok());
    CHECK_FALSE(story.engine().try_write(batch_of("b", "2")));
  }
  SECTION("an engine that is closed") {
    Story story(buffered_options());
    REQUIRE(story.engine().close().is_ok());
    CHECK_FALSE(story.engine().try_write(batch_of("a", "1")));
  }
}

TEST_CASE("writes at once, in groups and asynchronous ones count together exactly") {
  Story story(buffered_options());
  constexpr int kThreads = 4;
  constexpr int kWrites = 2000;
  std::atomic<int> at_once{0};
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kWrites; ++i) {
        WriteBatch batch;
        batch.put(0, std::to_string(t) + "/" + std::to_string(i), std::string(100, 'v'));
        batch.increment(0, "sum", 1);
        const auto done = story.engine().try_write(batch);
        if (done) {
          ++at_once;
          answers += done->has_value() ? 1 : 0;
        } else if (t % 2 == 0) {
          answers += story.engine().write({}, batch).has_value() ? 1 : 0;
        } else {
          story.engine().write_async({}, batch, [&](const Result<WriteResult>& result) {
            answers += result.has_value() ? 1 : 0;
          });
        }
      }
    });
  }
  for (std::thread& one : threads) one.join();
  REQUIRE(story.engine().close().is_ok());
  CHECK(answers == kThreads * kWrites);
  CHECK(at_once > 0);
  story.shut();
  story.open();
  CHECK(story.get("sum") == std::to_string(kThreads * kWrites));
  for (int t = 0; t < kThreads; ++t) CHECK(story.get(std::to_string(t) + "/1999").size() == 100);
}
