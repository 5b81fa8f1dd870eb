// Checkpoints: complete or not there, independent of where they came from.
#include <atomic>
#include <thread>

#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

std::unique_ptr<Engine> open_copy(Story& story, const std::string& directory) {
  Environment environment;
  environment.file_system = &story.disk;
  environment.clock = &story.clock;
  auto opened = Engine::open(directory, small_options(), environment);
  INFO(opened.status().to_string());
  REQUIRE(opened.has_value());
  return std::move(*opened);
}

}  // namespace

TEST_CASE("a checkpoint opens, holds what was there, and lives on its own") {
  Story story;
  for (int i = 0; i < 100; ++i) story.put("k" + std::to_string(i), std::string(1000, 'v'));
  story.flush();
  const uint64_t version = story.put("k1", "in the memtable");
  REQUIRE(story.engine().checkpoint("copy").is_ok());
  story.put("k1", "later");
  story.erase_range("", std::nullopt);
  story.compact();
  {
    const auto copy = open_copy(story, "copy");
    CHECK(copy->get({}, 0, "k1")->value.view() == "in the memtable");
    CHECK(copy->get({}, 0, "k1")->version == version);
    CHECK(copy->get({}, 0, "k99")->found());
    WriteBatch batch;
    batch.put(0, "k99", "of the copy");
    REQUIRE(copy->write({}, batch).has_value());
    REQUIRE(copy->compact(std::nullopt).is_ok());
  }
  CHECK(story.scan().empty());
  CHECK(open_copy(story, "copy")->get({}, 0, "k99")->value.view() == "of the copy");
}

TEST_CASE("a checkpoint's name must be free, and a power cut right after keeps it") {
  Story story;
  story.put("a", "1");
  REQUIRE(story.engine().checkpoint("copy").is_ok());
  CHECK(story.engine().checkpoint("copy").code() == StatusCode::CONFLICT);
  story.crash();
  CHECK(open_copy(story, "copy")->get({}, 0, "a")->found());
}

TEST_CASE("a checkpoint that fails leaves nothing under its name, and the next one succeeds") {
  for (int nth = 1; nth < 20; ++nth) {
    Story story;
    story.put("a", "1");
    story.flush();
    story.faults.fail("* *copy* nth=" + std::to_string(nth) + " once EIO");
    const Status made = story.engine().checkpoint("copy");
    if (story.faults.faults() == 0) break;
    story.faults.heal();
    if (!made) {
      CHECK_FALSE(*story.disk.exists("copy/CURRENT"));
      if (!*story.disk.exists("copy")) REQUIRE(story.engine().checkpoint("copy").is_ok());
    }
    CHECK(open_copy(story, "copy")->get({}, 0, "a")->found());
    CHECK(story.engine().background_error().is_ok());
  }
}

TEST_CASE("checkpoints race writes and compactions, and each is one consistent state") {
  Options options = small_options();
  options.wal_sync = WalSync::kNever;
  Story story(options);
  std::atomic<bool> stop{false};
  // Both keys always change together.
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      WriteBatch batch;
      batch.put(0, "a", std::to_string(i));
      batch.put(0, "filler" + std::to_string(i % 50), std::string(2000, 'f'));
      batch.put(0, "z", std::to_string(i));
      if (!story.engine().write({}, batch)) return;
    }
  });
  for (int round = 0; round < 5; ++round) {
    const std::string name = "copy" + std::to_string(round);
    const Status made = story.engine().checkpoint(name);
    CHECK(made.is_ok());
    const auto copy = open_copy(story, name);
    CHECK(copy->get({}, 0, "a")->value.view() == copy->get({}, 0, "z")->value.view());
  }
  stop = true;
  writer.join();
}
