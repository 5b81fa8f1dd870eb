// Time to live is exact to the millisecond on every path that reads, wherever the record lies and
// whichever policy put it there.
#include <algorithm>
#include <catch2/catch.hpp>

#include "kvhost/policy/lazy_leveled.hpp"
#include "kvhost/policy/leveled.hpp"
#include "kvhost/policy/tiered.hpp"
#include "kvhost/policy/time_window.hpp"
#include "unit/engine/engine_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::testing;

namespace {

std::shared_ptr<CompactionPolicy> any_policy(int which) {
  switch (which) {
    case 0:
      return std::make_shared<LeveledPolicy>();
    case 1:
      return std::make_shared<TieredPolicy>();
    case 2:
      return std::make_shared<LazyLeveledPolicy>();
    default:
      return std::make_shared<TimeWindowPolicy>();
  }
}

std::size_t rows(Story& story, const Snapshot* snapshot, bool back) {
  const std::string text = back ? story.scan_back({}, snapshot) : story.scan({}, snapshot);
  return text.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), ' '));
}

std::size_t found_by_multi_get(Story& story, const Snapshot* snapshot) {
  ReadOptions how;
  how.snapshot = snapshot;
  const std::vector<KeyRef> keys = {{0, "a"}, {0, "b"}, {0, "c"}, {0, "d"}};
  const auto answers = story.engine().multi_get(how, keys);
  REQUIRE(answers);
  return static_cast<std::size_t>(std::count_if(answers->begin(), answers->end(),
                                                [](const GetResult& one) { return one.found(); }));
}

// Of the keys a, b, c, d: every path must agree on how many are there.
void check_count(Story& story, const Snapshot* snapshot, std::size_t expected) {
  std::size_t found = 0;
  for (const char* key : {"a", "b", "c", "d"}) {
    found += story.get(key, snapshot) == "(absent)" ? 0 : 1;
  }
  CHECK(found == expected);
  CHECK(found_by_multi_get(story, snapshot) == expected);
  CHECK(rows(story, snapshot, false) == expected);
  CHECK(rows(story, snapshot, true) == expected);
}

}  // namespace

TEST_CASE("expiry: exact on get, multi_get, scans, counts and snapshots, under every policy") {
  const int which = GENERATE(range(0, 4));
  const int settle = GENERATE(0, 1, 2);  // in the memtable, in a table, merged
  Story story;
  story.engine().set_policy(any_policy(which), "any");
  story.put("a", "old");
  story.put("d", "stays");
  if (settle > 0) story.flush();
  for (const char* key : {"a", "b", "c"}) story.put(key, "v", Expiry::after_ms(1000));
  const auto snapshot = story.engine().snapshot();
  story.put("c", "later", Expiry::after_ms(2000));
  if (settle > 0) story.flush();
  if (settle > 1) story.compact();

  story.clock.advance_ms(999);
  check_count(story, nullptr, 4);
  check_count(story, snapshot.get(), 4);
  story.clock.advance_ms(1);
  check_count(story, nullptr, 2);
  // A snapshot pins what was written, not the time.
  check_count(story, snapshot.get(), 1);
  if (settle > 1) story.compact();
  check_count(story, nullptr, 2);
  check_count(story, snapshot.get(), 1);
  story.clock.advance_ms(1000);
  check_count(story, nullptr, 1);
  if (settle > 1) story.compact();
  check_count(story, nullptr, 1);
  CHECK(story.get("d") == "stays");
}

TEST_CASE("expiry: what was reclaimed is counted, and the lag is told") {
  Story story;
  for (int i = 0; i < 50; ++i) {
    story.put("k" + std::to_string(i), std::string(100, 'v'), Expiry::after_ms(10));
  }
  story.put("stays", "v");
  story.flush();
  CHECK(story.engine().statistics().expiry_lag_ms == 0);
  story.clock.advance_ms(5'010);
  const uint64_t lag = story.engine().statistics().expiry_lag_ms;
  CHECK(lag >= 5'000);
  CHECK(lag <= 5'010);
  CHECK(story.engine().statistics().entries_expired_reclaimed == 0);
  story.compact();
  CHECK(story.engine().statistics().expiry_lag_ms == 0);
  CHECK(story.engine().statistics().entries_expired_reclaimed == 50);
}

TEST_CASE("expiry: the engine tells its policy when a snapshot is released") {
  class Listener final : public CompactionPolicy {
   public:
    Result<Plan> plan(const TreeView&, std::span<const TreeEvent> events, Deadline) override {
      for (const TreeEvent& event : events) {
        if (event.type == TreeEventType::kSnapshotReleased) ++released;
      }
      return Plan{};
    }
    std::atomic<int> released{0};
  };
  Story story;
  const auto listener = std::make_shared<Listener>();
  story.engine().set_policy(listener, "listener");
  auto snapshot = story.engine().snapshot();
  REQUIRE(story.engine().wait_until_idle().is_ok());
  CHECK(listener->released == 0);
  snapshot.reset();
  REQUIRE(story.engine().wait_until_idle().is_ok());
  CHECK(listener->released == 1);
}
