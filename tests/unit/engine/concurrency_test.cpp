// Many threads at once: groups, asynchronous writes, readers against flushes and compactions.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("writers in groups: every write is there once, numbers are unique") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kAlways, WalSync::kInterval, WalSync::kNever);
  Story story(options);
  constexpr int kThreads = 4;
  constexpr int kWrites = 300;
  std::vector<std::vector<uint64_t>> versions(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kWrites; ++i) {
        WriteBatch batch;
        batch.put(0, std::to_string(t) + "/" + std::to_string(i), std::string(300, 'v'));
        batch.increment(0, "sum", 1);
        const auto result = story.engine().write({}, batch);
        if (result) versions[static_cast<std::size_t>(t)].push_back(result->version);
      }
    });
  }
  for (std::thread& one : threads) one.join();
  std::vector<uint64_t> all;
  for (const auto& some : versions) {
    CHECK(std::is_sorted(some.begin(), some.end()));
    all.insert(all.end(), some.begin(), some.end());
  }
  std::sort(all.begin(), all.end());
  CHECK(all.size() == kThreads * kWrites);
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(story.get("sum") == std::to_string(kThreads * kWrites));
  story.kill();
  CHECK(story.get("sum") == std::to_string(kThreads * kWrites));
  for (int t = 0; t < kThreads; ++t) CHECK(story.get(std::to_string(t) + "/299").size() == 300);
}

TEST_CASE("asynchronous writes end in one call each, in order, among synchronous ones") {
  Story story;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<uint64_t> done;
  constexpr std::size_t kWrites = 500;
  std::thread beside([&] {
    for (int i = 0; i < 100; ++i) {
      WriteBatch batch;
      batch.put(0, "sync", std::to_string(i));
      static_cast<void>(story.engine().write({}, batch));
    }
  });
  for (std::size_t i = 0; i < kWrites; ++i) {
    WriteBatch batch;
    batch.put(0, "async" + std::to_string(i), "v");
    story.engine().write_async({}, batch, [&](Result<WriteResult> result) {
      const std::lock_guard<std::mutex> lock(mutex);
      done.push_back(result ? result->version : 0);
      changed.notify_one();
    });
  }
  {
    std::unique_lock<std::mutex> lock(mutex);
    REQUIRE(
        changed.wait_for(lock, std::chrono::seconds(20), [&] { return done.size() == kWrites; }));
  }
  beside.join();
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(done.front() > 0);
  CHECK(story.get("async499") == "v");
  CHECK(story.get("sync") == "99");
}

TEST_CASE("an asynchronous write that is waiting at the end is served or refused, never dropped") {
  std::atomic<int> calls{0};
  {
    Story story;
    for (int i = 0; i < 50; ++i) {
      WriteBatch batch;
      batch.put(0, "k", "v");
      story.engine().write_async({}, batch, [&](const Result<WriteResult>&) { ++calls; });
    }
    REQUIRE(story.engine().close().is_ok());
    CHECK(calls == 50);
    WriteBatch late;
    late.put(0, "k", "late");
    story.engine().write_async({}, late, [&](const Result<WriteResult>& result) {
      CHECK_FALSE(result.has_value());
      ++calls;
    });
  }
  CHECK(calls == 51);
}

TEST_CASE("readers see whole batches while memtables switch, flush and merge under them") {
  Options options = small_options();
  options.wal_sync = WalSync::kNever;
  Story story(options);
  constexpr int kKeys = 20;
  const auto write_round = [&](int round) {
    WriteBatch batch;
    for (int k = 0; k < kKeys; ++k) {
      batch.put(0, "k" + std::to_string(100 + k), std::to_string(round) + std::string(300, '.'));
    }
    return story.engine().write({}, batch).has_value();
  };
  REQUIRE(write_round(0));
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      while (!stop) {
        std::string first;
        int seen = 0;
        if (r == 0) {
          std::vector<std::string> keys;
          std::vector<KeyRef> refs;
          for (int k = 0; k < kKeys; ++k) keys.push_back("k" + std::to_string(100 + k));
          for (const std::string& key : keys) refs.push_back({0, key});
          const auto got = story.engine().multi_get({}, refs);
          for (const GetResult& one : *got) {
            if (first.empty()) first = one.value.view();
            torn += one.value.view() == first ? 0 : 1;
            seen += one.found() ? 1 : 0;
          }
        } else {
          auto it = story.engine().iterator({}, {});
          for (r == 1 ? (*it)->seek_to_first() : (*it)->seek_to_last(); (*it)->valid();
               r == 1 ? (*it)->next() : (*it)->prev()) {
            if (first.empty()) first = (*it)->value();
            torn += (*it)->value() == first ? 0 : 1;
            ++seen;
          }
        }
        torn += seen == kKeys ? 0 : 1;
        ++reads;
      }
    });
  }
  for (int round = 1; round < 150; ++round) {
    if (!write_round(round)) break;
    if (round % 50 == 0) CHECK(story.engine().compact(std::nullopt).is_ok());
  }
  stop = true;
  for (std::thread& one : readers) one.join();
  CHECK(torn == 0);
  CHECK(reads > 0);
  CHECK(story.engine().statistics().flushes > 3);
}

TEST_CASE("a thousand snapshots come and go beside writers") {
  Story story;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      WriteBatch batch;
      batch.put(0, "a", std::to_string(i));
      batch.put(0, "b", std::to_string(i));
      static_cast<void>(story.engine().write({}, batch));
    }
  });
  int unequal = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto snapshot = story.engine().snapshot();
    if (story.get("a", snapshot.get()) != story.get("b", snapshot.get())) ++unequal;
    if (i % 200 == 0) static_cast<void>(story.engine().flush());
  }
  stop = true;
  writer.join();
  CHECK(unequal == 0);
  CHECK(story.engine().statistics().snapshots == 0);
}
