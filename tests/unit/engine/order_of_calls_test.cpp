// What durability stands on: the order in which files are written, synced and named.
#include <algorithm>

#include "engine_story.hpp"
#include "support/recording_file_system.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

// The place of the first line after `from` that begins so; lines.size() when there is none.
std::size_t find(const std::vector<std::string>& lines, const std::string& begin,
                 std::size_t from = 0) {
  for (std::size_t i = from; i < lines.size(); ++i) {
    if (lines[i].starts_with(begin)) return i;
  }
  return lines.size();
}

// Table numbers that a directory listing shows.
uint64_t highest_table(CrashFileSystem& disk) {
  uint64_t highest = 0;
  const auto names = disk.list("db/tables");
  REQUIRE(names.has_value());
  for (const std::string& name : *names) highest = std::max<uint64_t>(highest, std::stoull(name));
  return highest;
}

}  // namespace

TEST_CASE("a table and its directory are synced before the MANIFEST names it") {
  CrashFileSystem disk;
  ManualClock clock;
  RecordingFileSystem recorder(disk, "db");
  Environment environment;
  environment.file_system = &recorder;
  environment.clock = &clock;
  auto opened = Engine::open("db", small_options(), environment);
  REQUIRE(opened.has_value());
  WriteBatch batch;
  batch.put(0, "a", "1");
  REQUIRE((*opened)->write({}, batch).has_value());
  recorder.take();
  REQUIRE((*opened)->flush().is_ok());
  const std::vector<std::string> lines = recorder.take();
  const std::size_t created = find(lines, "create tables/");
  const std::size_t written = find(lines, "append tables/", created);
  const std::size_t synced = find(lines, "sync tables/", written);
  const std::size_t named = find(lines, "syncdir tables", synced);
  const std::size_t told = find(lines, "append MANIFEST-", 0);
  const std::size_t durable = find(lines, "sync MANIFEST-", told);
  INFO("created " << created << ", written " << written << ", synced " << synced << ", named "
                  << named << ", told " << told << ", durable " << durable << " of "
                  << lines.size());
  CHECK(created < written);
  CHECK(written < synced);
  CHECK(synced < named);
  CHECK(named < told);
  CHECK(told < durable);
  CHECK(durable < lines.size());
}

TEST_CASE("inputs of a compaction go only after the MANIFEST has durably forgotten them") {
  CrashFileSystem disk;
  ManualClock clock;
  RecordingFileSystem recorder(disk, "db");
  Environment environment;
  environment.file_system = &recorder;
  environment.clock = &clock;
  auto opened = Engine::open("db", small_options(), environment);
  REQUIRE(opened.has_value());
  for (int i = 0; i < 2; ++i) {
    WriteBatch batch;
    batch.put(0, "a", std::to_string(i));
    REQUIRE((*opened)->write({}, batch).has_value());
    REQUIRE((*opened)->flush().is_ok());
  }
  recorder.take();
  REQUIRE((*opened)->compact(std::nullopt).is_ok());
  REQUIRE((*opened)->wait_until_idle().is_ok());
  const std::vector<std::string> lines = recorder.take();
  const std::size_t forgotten = find(lines, "sync MANIFEST-");
  const std::size_t removed = find(lines, "remove tables/");
  INFO("forgotten " << forgotten << ", removed " << removed << " of " << lines.size());
  CHECK(forgotten < removed);
  CHECK(removed < lines.size());
}

TEST_CASE("numbers of files and operations only grow, across crashes too") {
  Story story;
  uint64_t last_table = 0;
  uint64_t last_sequence = 0;
  for (uint64_t life = 1; life <= 12; ++life) {
    INFO("life " << life);
    const uint64_t sequence = story.put("k" + std::to_string(life), "v");
    CHECK(sequence > last_sequence);
    last_sequence = sequence;
    story.flush();
    const uint64_t table = highest_table(story.disk);
    CHECK(table > last_table);
    last_table = table;
    if (life % 3 == 0) {
      story.disk.set_crash_after(1 + life, life);
      static_cast<void>(story.engine().flush());
    }
    story.crash({life % 2 == 0, life});
    CHECK(story.engine().last_sequence() >= last_sequence);
  }
}
