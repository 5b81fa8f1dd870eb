// A disk that fails: nothing that failed is acknowledged or seen, reads go on, and there is a way
// back.
#include <thread>

#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

Status try_put(Story& story, std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.put(0, key, value);
  return story.engine().write({}, batch).status();
}

// Writes resume by themselves: true when they did within ten seconds.
bool resumes(Story& story) {
  for (int i = 0; i < 1000; ++i) {
    if (try_put(story, "resumed", "yes").is_ok()) return true;
    std::this_thread::yield();
    static_cast<void>(story.engine().wait_until_idle());
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(10);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("error once, then no later acknowledgement on that file") {
  Story story;
  story.put("a", "1");
  story.faults.fail("sync *.log nth=1 once EIO");
  const Status failed = try_put(story, "a", "2");
  CHECK(failed.code() == StatusCode::IO_ERROR);
  CHECK(story.get("a") == "1");
  // The disk is well again; the file is not trusted any more.
  for (int i = 0; i < 3; ++i) {
    const Status refused = try_put(story, "b", "1");
    CHECK(refused.code() == StatusCode::READ_ONLY);
    CHECK(refused.message().find("sync") != std::string::npos);
  }
  CHECK(story.engine().background_error().code() == StatusCode::IO_ERROR);
  CHECK(story.get("a") == "1");
  CHECK(story.scan() == "a=1");

  REQUIRE(story.engine().resume().is_ok());
  CHECK(story.engine().background_error().is_ok());
  CHECK(story.put("c", "3") > 0);
  CHECK(story.scan() == "a=1 c=3");
  story.crash();
  CHECK(story.scan() == "a=1 c=3");
}

TEST_CASE("a failed sync fails every waiter of its group, and none of them is visible") {
  Story story;
  story.put("seed", "1");
  story.faults.fail("sync *.log nth=1 always EIO");
  constexpr int kThreads = 8;
  std::vector<Status> outcomes(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      outcomes[static_cast<std::size_t>(t)] = try_put(story, "k" + std::to_string(t), "x");
    });
  }
  for (std::thread& one : threads) one.join();
  for (const Status& one : outcomes) {
    CHECK((one.code() == StatusCode::IO_ERROR || one.code() == StatusCode::READ_ONLY));
  }
  CHECK(story.scan() == "seed=1");
  story.faults.heal();
  REQUIRE(story.engine().resume().is_ok());
  CHECK(story.scan() == "seed=1");
  story.reopen();
  CHECK(story.scan() == "seed=1");
}

TEST_CASE("under interval a failed sync is discovered, and resume loses nothing acknowledged") {
  Options options = small_options();
  options.wal_sync = WalSync::kInterval;
  Story story(options);
  story.faults.fail("sync *.log nth=1 always EIO");
  int acknowledged = 0;
  while (acknowledged < 1'000'000 && try_put(story, "k" + std::to_string(acknowledged), "v")) {
    ++acknowledged;
  }
  CHECK(acknowledged < 1'000'000);
  CHECK(story.engine().background_error().code() == StatusCode::IO_ERROR);
  story.faults.heal();
  REQUIRE(story.engine().resume().is_ok());
  story.crash();
  for (int i = 0; i < acknowledged; ++i) {
    REQUIRE(story.get("k" + std::to_string(i)) == "v");
  }
}

TEST_CASE("a full disk refuses writes, serves reads, and writes resume by themselves") {
  Story story;
  story.put("a", "1");
  story.disk.set_capacity(1);
  Status refused;
  for (int i = 0; i < 400 && refused.is_ok(); ++i) {
    refused = try_put(story, "k" + std::to_string(i), std::string(1000, 'v'));
  }
  CHECK(refused.code() == StatusCode::NO_SPACE);
  CHECK(try_put(story, "b", "2").code() == StatusCode::NO_SPACE);
  CHECK(story.engine().background_error().code() == StatusCode::NO_SPACE);
  CHECK(story.get("a") == "1");
  story.disk.set_capacity(UINT64_MAX);
  CHECK(resumes(story));
  CHECK(story.get("a") == "1");
  CHECK(story.get("b") == "(absent)");
  story.crash();
  CHECK(story.get("resumed") == "yes");
}

TEST_CASE("a flush that meets a full disk is tried again until it succeeds") {
  Story story;
  story.put("a", "1");
  story.faults.fail("append *.sst nth=1 always ENOSPC");
  CHECK(story.engine().flush().code() == StatusCode::NO_SPACE);
  CHECK(try_put(story, "b", "2").code() == StatusCode::NO_SPACE);
  CHECK(story.get("a") == "1");
  story.faults.heal();
  CHECK(resumes(story));
  CHECK(story.engine().statistics().tables == 1);
  story.crash();
  CHECK(story.get("a") == "1");
}

TEST_CASE("a flush that meets EIO stops writes, resume stores everything in new files") {
  Story story;
  story.put("a", "1");
  const char* rule = GENERATE("sync *.sst nth=1 once EIO", "append MANIFEST-* nth=1 once EIO",
                              "sync MANIFEST-* nth=1 once EIO", "syncdir tables nth=1 once EIO");
  story.faults.fail(rule);
  INFO(rule);
  CHECK_FALSE(story.engine().flush().is_ok());
  CHECK(try_put(story, "b", "2").code() == StatusCode::READ_ONLY);
  CHECK(story.get("a") == "1");
  story.faults.heal();
  REQUIRE(story.engine().resume().is_ok());
  story.put("b", "2");
  story.crash();
  CHECK(story.scan() == "a=1 b=2");
}

TEST_CASE("every single failure of a short life loses nothing that was acknowledged") {
  const char* kind =
      GENERATE("sync", "write", "append", "create", "preallocate", "rename", "syncdir", "remove");
  const char* fault = GENERATE("EIO", "ENOSPC");
  for (int nth = 1; nth < 40; ++nth) {
    Story story;
    story.faults.fail(std::string(kind) + " * nth=" + std::to_string(nth) + " once " + fault);
    INFO(kind << " " << fault << " " << nth);
    std::vector<int> acknowledged;
    for (int i = 0; i < 60; ++i) {
      if (try_put(story, "k" + std::to_string(i), std::string(2500, 'v')))
        acknowledged.push_back(i);
      if (i == 30) static_cast<void>(story.engine().flush());
    }
    static_cast<void>(story.engine().compact(std::nullopt));
    const bool has_fired = story.faults.faults() > 0;
    story.faults.heal();
    for (const int i : acknowledged) REQUIRE(story.get("k" + std::to_string(i)) != "(absent)");
    REQUIRE(story.engine().resume().is_ok());
    REQUIRE(try_put(story, "after", "1").is_ok());
    story.crash();
    for (const int i : acknowledged) REQUIRE(story.get("k" + std::to_string(i)) != "(absent)");
    REQUIRE(story.get("after") == "1");
    if (!has_fired) break;
  }
}

TEST_CASE("damage in a table is answered where it is read, the rest is served") {
  Story story;
  story.put("a", "1");
  story.flush();
  story.put("z", "2");
  story.flush();
  const TreeSnapshot tree = story.engine().tree();
  REQUIRE(tree.runs.size() == 2);
  const std::string oldest =
      "db/tables/00000" + std::to_string(tree.runs.back().files[0].view.id) + ".sst";
  story.shut();
  REQUIRE(*story.disk.exists(oldest));
  story.disk.flip_bits(oldest, 3, 0x40);
  story.open();
  CHECK(story.get("z") == "2");
  const auto damaged = story.engine().get({}, 0, "a");
  REQUIRE_FALSE(damaged.has_value());
  CHECK(damaged.error().code() == StatusCode::CORRUPTION);
  CHECK(damaged.error().message().find(".sst") != std::string::npos);
}
