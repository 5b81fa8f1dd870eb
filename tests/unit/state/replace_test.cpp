// A state that another replica sent takes the place of the own one, under readers.
#include <algorithm>
#include <atomic>
#include <thread>

#include "base/mutex.hpp"
#include "state_world.hpp"

namespace kvhost::engine::testing {
namespace {

struct Pair {
  Pair() {
    source.open();
    REQUIRE(source.apply_to(400).is_ok());
    target.open();
    REQUIRE(target.apply_to(20).is_ok());
  }
  Replica source;
  Replica target;
};

}  // namespace

TEST_CASE("a received state is served, with its position, and survives a restart") {
  Pair pair;
  const StateManifest manifest = pair.source.make_checkpoint();
  CHECK(manifest.position.index == 400);
  CHECK(manifest.position.strategy == "test");
  const Status installed = install(pair.source, manifest, pair.target);
  INFO(installed.to_string());
  REQUIRE(installed.is_ok());
  CHECK(pair.target.engine->applied_position().index == 400);
  CHECK(pair.target.engine->durable_position().index == 400);
  CHECK(pair.target.digest() == pair.source.digest());

  REQUIRE(pair.source.apply_to(450).is_ok());
  REQUIRE(pair.target.apply_to(450).is_ok());
  CHECK(pair.target.digest() == pair.source.digest());

  REQUIRE(wait_until_retired(*pair.target.engine));
  REQUIRE(pair.target.engine->close().is_ok());
  pair.target.disk.crash();
  pair.target.open();
  CHECK(pair.target.engine->applied_position().index == 450);
  CHECK(pair.target.digest() == pair.source.digest());
}

TEST_CASE("readers of the old state finish on it, then it goes from the disk") {
  Pair pair;
  auto& engine = *pair.target.engine;
  const std::string old_value = pair.target.get("key15");
  auto snapshot = engine.snapshot();
  auto iterator = std::move(*engine.iterator({}, {0, "", std::nullopt}));
  iterator->seek_to_first();
  ReadOptions pinned_options;
  auto pinned = engine.get(pinned_options, 0, "key15");
  REQUIRE(install(pair.source, pair.source.make_checkpoint(), pair.target).is_ok());

  CHECK(pair.target.get("key15") != old_value);
  CHECK(engine.retired() == 1);
  ReadOptions at_snapshot;
  at_snapshot.snapshot = snapshot.get();
  CHECK(engine.get(at_snapshot, 0, "key15")->value.view() == old_value);
  std::size_t rows = 0;
  for (; iterator->valid(); iterator->next()) ++rows;
  CHECK(iterator->status().is_ok());
  CHECK(rows > 10);
  CHECK(pinned->value.view() == old_value);
  CHECK(pair.target.disk.exists("/data/CURRENT").value());

  snapshot.reset();
  iterator.reset();
  CHECK(engine.retired() == 1);
  pinned = GetResult{};
  REQUIRE(wait_until_retired(engine));
  CHECK_FALSE(pair.target.disk.exists("/data/CURRENT").value());
  CHECK_FALSE(pair.target.disk.exists("/data/tables").value());
  CHECK(pair.target.disk.exists("/data/state-000002/CURRENT").value());
}

TEST_CASE("a state can be replaced again and again") {
  Pair pair;
  for (uint64_t round = 1; round <= 3; ++round) {
    REQUIRE(pair.source.apply_to(400 + round * 30).is_ok());
    REQUIRE(install(pair.source, pair.source.make_checkpoint(), pair.target).is_ok());
    CHECK(pair.target.engine->applied_position().index == 400 + round * 30);
    REQUIRE(remove_other_states(pair.source.disk, "/data", "/data").is_ok());
  }
  REQUIRE(wait_until_retired(*pair.target.engine));
  CHECK(pair.target.disk.exists("/data/state-000004").value());
  CHECK_FALSE(pair.target.disk.exists("/data/state-000003").value());
  CHECK(pair.target.digest() == pair.source.digest());
}

TEST_CASE("a durable position of the old state is not told after the switch") {
  Pair pair;
  std::vector<uint64_t> told;
  Mutex mutex;
  pair.target.engine->on_durable([&](const ReplicationPosition& position) {
    MutexLock lock(mutex);
    told.push_back(position.index);
  });
  auto held = pair.target.engine->snapshot();
  REQUIRE(install(pair.source, pair.source.make_checkpoint(), pair.target).is_ok());
  held.reset();
  // The old state flushes what it holds when it is closed.
  REQUIRE(wait_until_retired(*pair.target.engine));
  REQUIRE(pair.target.apply_to(410).is_ok());
  REQUIRE(pair.target.engine->flush().is_ok());
  MutexLock lock(mutex);
  CHECK(std::none_of(told.begin(), told.end(), [](uint64_t index) { return index == 20; }));
  CHECK(std::find(told.begin(), told.end(), 410) != told.end());
}

TEST_CASE("the data directory stays locked after the first state is gone") {
  Pair pair;
  REQUIRE(install(pair.source, pair.source.make_checkpoint(), pair.target).is_ok());
  REQUIRE(wait_until_retired(*pair.target.engine));
  CHECK(pair.target.disk.lock("/data/LOCK").status().code() == StatusCode::LOCKED);
}

TEST_CASE("a state that cannot be opened is refused and the old one goes on") {
  Pair pair;
  const uint64_t before = pair.target.engine->applied_position().index;
  const StateDigest digest = pair.target.digest();
  StateManifest manifest = pair.source.make_checkpoint();
  // A table is left out: MANIFEST names it, so the engine must refuse.
  const auto table =
      std::find_if(manifest.files.begin(), manifest.files.end(),
                   [](const auto& file) { return file.name.starts_with("tables/"); });
  REQUIRE(table != manifest.files.end());
  manifest.files.erase(table);
  const Status refused = install(pair.source, manifest, pair.target);
  CHECK(refused.code() == StatusCode::CORRUPTION);
  CHECK(pair.target.engine->applied_position().index == before);
  CHECK(pair.target.digest() == digest);
  CHECK_FALSE(pair.target.disk.exists("/data/state-000002").value());
  REQUIRE(pair.target.apply_to(before + 5).is_ok());
}

TEST_CASE("reads and replacements meet on several threads") {
  Pair pair;
  std::atomic<bool> ends{false};
  std::atomic<uint64_t> bad{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!ends.load()) {
        const std::string value = pair.target.get("key15");
        if (!value.starts_with("vvv")) bad.fetch_add(1);
        auto iterator = pair.target.engine->iterator({}, {0, "", std::nullopt});
        if (!iterator) {
          bad.fetch_add(1);
          continue;
        }
        for ((*iterator)->seek_to_first(); (*iterator)->valid();) (*iterator)->next();
        if (!(*iterator)->status().is_ok()) bad.fetch_add(1);
      }
    });
  }
  for (uint64_t round = 1; round <= 4; ++round) {
    REQUIRE(pair.source.apply_to(400 + round * 10).is_ok());
    REQUIRE(install(pair.source, pair.source.make_checkpoint(), pair.target).is_ok());
    REQUIRE(remove_other_states(pair.source.disk, "/data", "/data").is_ok());
  }
  ends.store(true);
  for (auto& reader : readers) reader.join();
  CHECK(bad.load() == 0);
  CHECK(wait_until_retired(*pair.target.engine));
}

}  // namespace kvhost::engine::testing
