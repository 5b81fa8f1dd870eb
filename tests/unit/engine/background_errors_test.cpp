// Errors that stay, errors that pass, and what both look like from outside.
#include <functional>
#include <mutex>
#include <thread>

#include "engine/space_reserve.hpp"
#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

Status try_put(Engine& engine, std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.put(0, key, value);
  return engine.write({}, batch).status();
}

bool wait_until(const std::function<bool()>& holds) {
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class KeptLog final : public Logger {
 public:
  void log(LogLevel, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    text_.append(line).append("\n");
  }
  bool has(std::string_view words) {
    const std::lock_guard lock(mutex_);
    return text_.find(words) != std::string::npos;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

}  // namespace

TEST_CASE("a hard error shows its cause in the status, the log and every refused write") {
  CrashFileSystem disk;
  FaultFileSystem faults(disk);
  ManualClock clock;
  KeptLog log;
  Environment environment;
  environment.file_system = &faults;
  environment.clock = &clock;
  environment.logger = &log;
  auto opened = Engine::open("db", small_options(), environment);
  REQUIRE(opened.has_value());
  Engine& engine = **opened;
  REQUIRE(try_put(engine, "a", "1").is_ok());
  faults.fail("sync *.log nth=1 once EIO");
  CHECK(try_put(engine, "b", "1").code() == StatusCode::IO_ERROR);
  for (int i = 0; i < 3; ++i) {
    const Status refused = try_put(engine, "c", "1");
    CHECK(refused.code() == StatusCode::READ_ONLY);
    CHECK(refused.message().find("Input/output error") != std::string::npos);
    CHECK(refused.message().find(".log") != std::string::npos);
  }
  CHECK(engine.background_error().message().find("Input/output error") != std::string::npos);
  CHECK(log.has("writes are refused"));
  CHECK(log.has("kvctl resume"));
  CHECK(engine.get({}, 0, "a")->found());
  REQUIRE(engine.resume().is_ok());
  CHECK(log.has("writes are accepted again"));
  CHECK(try_put(engine, "c", "1").is_ok());
}

TEST_CASE("without descriptors nothing acknowledged is lost, and writes resume by themselves") {
  Story story;
  int acknowledged = 0;
  for (; acknowledged < 20; ++acknowledged) {
    story.put("k" + std::to_string(acknowledged), std::string(2000, 'v'));
  }
  // Neither a new segment nor a new table can be opened.
  story.faults.fail("open,create,preallocate,overwrite * nth=1 always EMFILE");
  Status refused;
  for (int i = 0; i < 400 && refused.is_ok(); ++i) {
    refused = try_put(story.engine(), "k" + std::to_string(acknowledged), std::string(2000, 'v'));
    if (refused.is_ok()) ++acknowledged;
  }
  INFO(refused.to_string());
  CHECK(refused.code() == StatusCode::OVERLOADED);
  CHECK(refused.info().retryable);
  story.faults.heal();
  REQUIRE(wait_until([&] { return try_put(story.engine(), "after", "1").is_ok(); }));
  story.crash();
  for (int i = 0; i < acknowledged; ++i) REQUIRE(story.get("k" + std::to_string(i)) != "(absent)");
  CHECK(story.get("after") == "1");
}

TEST_CASE("a disk that is full while tables are merged keeps serving, and merges later") {
  Story story;
  for (int run = 0; run < 3; ++run) {
    for (int i = 0; i < 10; ++i) story.put("k" + std::to_string(i), std::string(100, 'a' + run));
    story.flush();
  }
  story.faults.fail("append,create *.sst nth=1 always ENOSPC");
  CHECK_FALSE(story.engine().compact(std::nullopt).is_ok());
  for (int i = 0; i < 10; ++i) CHECK(story.get("k" + std::to_string(i)) == std::string(100, 'c'));
  // A merge that finds no room is no reason to refuse writes.
  CHECK(story.engine().background_error().is_ok());
  CHECK(try_put(story.engine(), "during", "1").is_ok());
  story.faults.heal();
  story.compact();
  CHECK(story.engine().statistics().tables == 1);
  CHECK(story.get("k5") == std::string(100, 'c'));
  CHECK(story.get("during") == "1");
}

TEST_CASE("space is kept back on a disk that gets full, and given up for flushes") {
  CrashFileSystem disk;
  REQUIRE(disk.create_directories("db").is_ok());
  SpaceReserve reserve(disk, "db", 1000, null_logger());
  reserve.keep();
  CHECK_FALSE(reserve.is_held());  // there is plenty
  disk.set_capacity(10'000);
  reserve.keep();
  CHECK(reserve.is_held());
  CHECK(*disk.file_size("db/RESERVE") == 1000);
  // Somebody fills the rest.
  REQUIRE(disk.create_preallocated("db/ballast", 9'000).has_value());
  reserve.release();
  CHECK_FALSE(*disk.exists("db/RESERVE"));
  auto flushed = disk.create("db/table");
  REQUIRE(flushed.has_value());
  CHECK((*flushed)->append(std::string(800, 't')).is_ok());
  CHECK(reserve.restore().code() == StatusCode::NO_SPACE);
  REQUIRE(disk.remove("db/ballast").is_ok());
  CHECK(reserve.restore().is_ok());
  CHECK(reserve.is_held());
  // The next process takes it in.
  SpaceReserve next(disk, "db", 1000, null_logger());
  next.adopt();
  CHECK(next.is_held());
  SpaceReserve other_size(disk, "db", 500, null_logger());
  other_size.adopt();
  CHECK_FALSE(*disk.exists("db/RESERVE"));
}

TEST_CASE("a scrub checks every table while others read and write, and names the damaged one") {
  Story story;
  for (int run = 0; run < 3; ++run) {
    story.put("k" + std::to_string(run), std::string(300, 'v'));
    story.flush();
  }
  ScrubOptions fast;
  fast.bytes_per_second = 0;
  auto report = story.engine().scrub(fast);
  REQUIRE(report.has_value());
  CHECK(report->tables == 3);
  CHECK(report->damage.empty());
  CHECK(story.engine().statistics().scrub_runs == 1);

  const std::string path = "db/tables/" + (*story.disk.list("db/tables"))[1];
  story.disk.flip_bits(path, 80, 0x08);
  report = story.engine().scrub(fast);
  REQUIRE(report.has_value());
  REQUIRE(report->damage.size() == 1);
  CHECK(report->damage[0].file == path);
  CHECK(report->damage[0].problem.find("expected") != std::string::npos);
  CHECK(story.engine().statistics().scrub_damaged_tables == 1);
  CHECK(story.engine().statistics().scrub_tables == 6);
  // Damage found is no reason to refuse writes.
  CHECK(story.engine().background_error().is_ok());
}

TEST_CASE("a slow scrub keeps to its rate and does not hold up the end") {
  Story story;
  for (int i = 0; i < 50; ++i) story.put("k" + std::to_string(i), std::string(1000, 'v'));
  story.flush();
  ScrubOptions slow;
  slow.bytes_per_second = 1;
  Status outcome;
  std::thread scrub([&] { outcome = story.engine().scrub(slow).status(); });
  REQUIRE(wait_until([&] { return story.engine().statistics().scrub_bytes > 0; }));
  REQUIRE(story.engine().close().is_ok());
  scrub.join();
  CHECK(outcome.code() == StatusCode::CANCELLED);
}

TEST_CASE("many values at once are refused beyond a limit of bytes") {
  Story story;
  std::vector<KeyRef> keys;
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back("k" + std::to_string(i));
  for (const std::string& name : names) {
    story.put(name, std::string(1000, 'v'));
    if (name == "k5") story.flush();
    keys.push_back({0, name});
  }
  ReadOptions options;
  options.max_bytes = 10'000;
  CHECK(story.engine().multi_get(options, keys).has_value());
  options.max_bytes = 9'999;
  CHECK(story.engine().multi_get(options, keys).status().code() == StatusCode::TOO_LARGE);
  options.memory_only = true;
  CHECK(story.engine().iterator(options, {}).status().code() == StatusCode::NOT_SUPPORTED);
}
