// What one caller sees: values, versions, batches, limits, spaces.
#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("a value is there until it is deleted, in memory and in tables") {
  Story story;
  const bool flushed = GENERATE(false, true);
  story.put("a", "1");
  story.put("b", "2");
  if (flushed) story.flush();
  story.put("a", "3");
  story.erase("b");
  CHECK(story.get("a") == "3");
  CHECK(story.get("b") == "(absent)");
  if (flushed) story.flush();
  CHECK(story.get("a") == "3");
  CHECK(story.get("b") == "(absent)");
  CHECK(story.get("c") == "(absent)");
}

TEST_CASE("keys may be empty, hold any byte and be prefixes of each other") {
  Story story;
  const std::vector<std::string> keys = {
      "",   std::string(1, '\0'),   std::string("\0a", 2), "\xff", "\xff\xff", "a",
      "ab", std::string(60000, 'k')};
  for (const std::string& key : keys) story.put(key, "v" + std::to_string(key.size()));
  const bool flushed = GENERATE(false, true);
  if (flushed) story.flush();
  for (const std::string& key : keys) CHECK(story.get(key) == "v" + std::to_string(key.size()));
  auto it = story.engine().iterator({}, {});
  REQUIRE(it.has_value());
  std::size_t seen = 0;
  for ((*it)->seek_to_first(); (*it)->valid(); (*it)->next()) ++seen;
  CHECK(seen == keys.size());
}

TEST_CASE("every operation has its own version, growing through the history") {
  Story story;
  WriteBatch batch;
  batch.put(0, "a", "1");
  batch.erase(0, "b");
  batch.put(0, "c", "3");
  const WriteResult first = story.write(batch);
  REQUIRE(first.ops.size() == 3);
  CHECK(first.ops[1].version == first.ops[0].version + 1);
  CHECK(first.ops[2].version == first.version);
  CHECK(story.version_of("a") == first.ops[0].version);
  CHECK(story.put("a", "2") == first.version + 1);
  CHECK(story.engine().last_sequence() == first.version + 1);
  // An empty batch changes nothing and tells the newest number.
  CHECK(story.write(WriteBatch()).version == first.version + 1);
}

TEST_CASE("spaces do not see each other") {
  Story story;
  WriteBatch batch;
  batch.put(0, "k", "zero");
  batch.put(1, "k", "one");
  batch.put(300, "k", "far");
  batch.put(UINT32_MAX, "k", "last");
  story.write(batch);
  if (GENERATE(false, true)) story.flush();
  CHECK(story.get("k", nullptr, 1) == "one");
  CHECK(story.get("k", nullptr, 300) == "far");
  CHECK(story.get("k", nullptr, 2) == "(absent)");
  CHECK(story.scan({UINT32_MAX, "", std::nullopt}) == "k=last");
  WriteBatch drop;
  drop.erase_range(1, "", std::nullopt);
  drop.erase_range(UINT32_MAX, "", std::nullopt);
  story.write(drop);
  CHECK(story.get("k") == "zero");
  CHECK(story.get("k", nullptr, 1) == "(absent)");
  CHECK(story.get("k", nullptr, 300) == "far");
  CHECK(story.scan({UINT32_MAX, "", std::nullopt}).empty());
}

TEST_CASE("what is too large is refused and leaves no trace") {
  Options options = small_options();
  options.max_key_size = 10;
  options.max_value_size = 100;
  options.max_batch_size = 400;
  Story story(options);
  const uint64_t before = story.put("a", "1");
  WriteBatch key;
  key.put(0, "b", "fits");
  key.put(0, "12345678901", "x");
  WriteBatch value;
  value.put(0, "k", std::string(101, 'v'));
  WriteBatch range;
  range.erase_range(0, "a", "12345678901");
  WriteBatch whole;
  for (int i = 0; i < 9; ++i) whole.put(0, "k", std::string(50, 'v'));
  for (const WriteBatch* batch : {&key, &value, &range, &whole}) {
    const auto refused = story.engine().write({}, *batch);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == StatusCode::TOO_LARGE);
  }
  CHECK(story.get("b") == "(absent)");
  CHECK(story.put("a", "2") == before + 1);
}

TEST_CASE("values of every size come back, pinned or copied") {
  Story story;
  for (const std::size_t size : {0u, 1u, 15u, 16u, 2048u, 2049u, 50000u, 300000u}) {
    const std::string key = "k" + std::to_string(size);
    const std::string value(size, static_cast<char>('a' + size % 26));
    story.put(key, value);
    CHECK(story.get(key) == value);
    auto pinned = story.engine().get({}, 0, key);
    story.flush();
    CHECK(pinned->value.view() == value);
    pinned = story.engine().get({}, 0, key);
    story.compact();
    CHECK(pinned->value.view() == value);
    CHECK(story.get(key) == value);
  }
}

TEST_CASE("multi_get answers in the order asked, all from one state") {
  Story story;
  for (int i = 0; i < 300; ++i) {
    story.put("k" + std::to_string(i), std::to_string(i));
    if (i % 100 == 50) story.flush();
  }
  story.erase("k7");
  std::vector<std::string> keys;
  for (int i = 310; i-- > 0;) keys.push_back("k" + std::to_string(i));
  std::vector<KeyRef> refs;
  for (const std::string& key : keys) refs.push_back({0, key});
  refs.push_back({1, "k1"});
  const auto answers = story.engine().multi_get({}, refs);
  REQUIRE(answers.has_value());
  REQUIRE(answers->size() == refs.size());
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const int i = 309 - static_cast<int>(at);
    const bool expected = i < 300 && i != 7;
    CHECK((*answers)[at].found() == expected);
    if (expected) CHECK((*answers)[at].value.view() == std::to_string(i));
  }
  CHECK_FALSE(answers->back().found());
}

TEST_CASE("a read that must stay in memory says when it would need the disk") {
  Story story;
  ReadOptions in_memory;
  in_memory.memory_only = true;
  story.put("a", "1");
  CHECK(story.engine().get(in_memory, 0, "a")->found());
  story.flush();
  story.reopen();
  CHECK(story.engine().get(in_memory, 0, "a")->outcome == Lookup::kNeedsDisk);
  CHECK(story.get("a") == "1");
  CHECK(story.engine().get(in_memory, 0, "a")->found());
  CHECK(story.engine().get(in_memory, 0, "b")->outcome == Lookup::kAbsent);
}

TEST_CASE("statistics count what happened") {
  Story story;
  story.put("a", "1");
  story.erase("a");
  story.erase_range("x", "y");
  story.get("a");
  story.put("b", "2");
  story.get("b");
  story.flush();
  const Statistics figures = story.engine().statistics();
  CHECK(figures.puts == 2);
  CHECK(figures.deletes == 1);
  CHECK(figures.range_deletes == 1);
  CHECK(figures.gets == 2);
  CHECK(figures.get_hits == 1);
  CHECK(figures.batches == 4);
  CHECK(figures.wal_records == 4);
  CHECK(figures.wal_syncs >= 4);
  CHECK(figures.wal_sync_duration.count == figures.wal_syncs);
  CHECK(figures.flushes == 1);
  CHECK(figures.tables == 1);
  REQUIRE(figures.levels.size() == 1);
  CHECK(figures.levels[0].runs == 1);
  CHECK(figures.last_sequence == story.engine().last_sequence());
}
