// Range deletes, iterators both ways, snapshots.
#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("a range delete hides what is older, wherever it lies, and nothing newer") {
  Story story;
  for (const char* key : {"a", "b", "c", "d", "e"}) story.put(key, "1");
  const int settle = GENERATE(0, 1, 2);
  const auto step = [&] {
    if (settle == 1) story.flush();
    if (settle == 2) story.compact();
  };
  step();
  const auto before = story.engine().snapshot();
  story.erase_range("b", "d");
  step();
  story.put("c", "2");
  step();
  CHECK(story.scan() == "a=1 c=2 d=1 e=1");
  CHECK(story.scan_back() == "e=1 d=1 c=2 a=1");
  CHECK(story.get("b") == "(absent)");
  CHECK(story.get("c") == "2");
  CHECK(story.get("b", before.get()) == "1");
  CHECK(story.scan({}, before.get()) == "a=1 b=1 c=1 d=1 e=1");
  story.erase_range("d", std::nullopt);
  step();
  CHECK(story.scan() == "a=1 c=2");
  story.reopen();
  CHECK(story.scan() == "a=1 c=2");
  CHECK(story.get("e") == "(absent)");
}

TEST_CASE("an empty range deletes nothing and uses up its number") {
  Story story;
  const uint64_t version = story.put("b", "1");
  story.erase_range("c", "a");
  story.erase_range("b", "b");
  CHECK(story.get("b") == "1");
  CHECK(story.put("c", "2") == version + 3);
  story.kill();
  CHECK(story.scan() == "b=1 c=2");
}

TEST_CASE("an iterator keeps to its bounds and finds its place") {
  Story story;
  for (int i = 0; i < 20; i += 2) {
    story.put("k" + std::to_string(10 + i), std::to_string(i));
    if (i == 8) story.flush();
  }
  auto made = story.engine().iterator({}, Range{0, "k14", "k22"});
  Iterator& it = **made;
  it.seek_to_first();
  CHECK(it.key() == "k14");
  it.seek_to_last();
  CHECK(it.key() == "k20");
  it.seek("k");
  CHECK(it.key() == "k14");
  it.seek("k15");
  CHECK(it.key() == "k16");
  it.seek_for_prev("k15");
  CHECK(it.key() == "k14");
  it.seek_for_prev("z");
  CHECK(it.key() == "k20");
  it.next();
  CHECK_FALSE(it.valid());
  it.seek("k21");
  CHECK_FALSE(it.valid());
  it.seek_for_prev("k13");
  CHECK_FALSE(it.valid());
  CHECK(story.scan({0, "k3", "k2"}).empty());
  CHECK(story.scan({0, "k12", "k12"}).empty());
}

TEST_CASE("an iterator turns around anywhere") {
  Story story;
  for (const char* key : {"a", "b", "c"}) {
    for (int version = 0; version < 12; ++version) story.put(key, std::to_string(version));
    if (*key == 'b') story.flush();
  }
  story.put("b2", "gone");
  story.erase("b2");
  auto made = story.engine().iterator({}, {});
  Iterator& it = **made;
  it.seek("b");
  it.next();
  CHECK(it.key() == "c");
  it.prev();
  CHECK(it.key() == "b");
  CHECK(it.value() == "11");
  it.prev();
  CHECK(it.key() == "a");
  it.next();
  CHECK(it.key() == "b");
  it.next();
  CHECK(it.key() == "c");
  it.prev();
  it.prev();
  it.prev();
  CHECK_FALSE(it.valid());
}

TEST_CASE("a snapshot reads the same while writes, flushes and compactions go on") {
  Story story;
  for (int i = 0; i < 50; ++i) story.put("k" + std::to_string(i), "old");
  const auto snapshot = story.engine().snapshot();
  const std::string before = story.scan({}, snapshot.get());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) story.put("k" + std::to_string(i), "new" + std::to_string(round));
    story.erase_range("k1", "k3");
    story.flush();
    story.compact();
    CHECK(story.scan({}, snapshot.get()) == before);
    CHECK(story.scan_back({}, snapshot.get()).size() == before.size());
    CHECK(story.get("k1", snapshot.get()) == "old");
    CHECK(story.get("k1") == "(absent)");
  }
  CHECK(story.engine().statistics().snapshots == 1);
}

TEST_CASE("a snapshot given back lets compaction drop what it held") {
  Options options = small_options();
  options.compression = ::kvhost::Codec::kNone;
  Story story(options);
  story.put("k", std::string(20000, 'a'));
  auto snapshot = story.engine().snapshot();
  story.put("k", "b");
  story.flush();
  story.compact();
  CHECK(story.get("k", snapshot.get()).size() == 20000);
  const uint64_t with = story.engine().statistics().table_bytes;
  snapshot.reset();
  story.put("a", "1");
  story.put("z", "1");
  story.compact();
  CHECK(story.get("k") == "b");
  CHECK(story.engine().statistics().table_bytes < with);
}

TEST_CASE("an iterator keeps its state, files included, through everything") {
  Story story;
  for (int i = 0; i < 100; ++i) story.put("k" + std::to_string(100 + i), std::string(100, 'v'));
  story.flush();
  story.put("k300", "memtable");
  auto it = story.engine().iterator({}, {});
  story.erase_range("", std::nullopt);
  story.compact();
  CHECK(story.engine().statistics().tables == 0);
  std::size_t rows = 0;
  for ((*it)->seek_to_first(); (*it)->valid(); (*it)->next()) ++rows;
  CHECK((*it)->status().is_ok());
  CHECK(rows == 101);
  CHECK(story.scan().empty());
}
