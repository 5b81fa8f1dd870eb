// Clean ends, kills and power cuts: what must still be there, and what must not come back.
#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("everything is there after a clean end, in every mode") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kAlways, WalSync::kInterval, WalSync::kNever, WalSync::kOff);
  Story story(options);
  for (int i = 0; i < 300; ++i) story.put("k" + std::to_string(i), std::string(500, 'v'));
  story.erase("k5");
  story.erase_range("k1", "k2");
  story.put("t", "1", Expiry::after_ms(1000));
  const std::string before = story.scan();
  const uint64_t sequence = story.engine().last_sequence();
  for (int life = 0; life < 3; ++life) {
    story.reopen();
    CHECK(story.scan() == before);
    CHECK(story.engine().last_sequence() == sequence);
  }
  story.clock.advance_ms(1000);
  CHECK(story.get("t") == "(absent)");
}

TEST_CASE("a kill loses nothing that was acknowledged, in any mode with a log") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kAlways, WalSync::kInterval, WalSync::kNever);
  Story story(options);
  std::string before;
  for (int life = 0; life < 4; ++life) {
    for (int i = 0; i < 150; ++i) {
      story.put("k" + std::to_string(i), std::string(300, static_cast<char>('a' + life)));
    }
    story.erase("k" + std::to_string(life));
    before = story.scan();
    story.kill();
    CHECK(story.scan() == before);
  }
}

TEST_CASE("a power cut loses nothing that was acknowledged under always") {
  Story story;
  for (int life = 0; life < 4; ++life) {
    for (int i = 0; i < 100; ++i)
      story.put("k" + std::to_string(i), std::to_string(life * 1000 + i));
    const std::string before = story.scan();
    story.crash({life % 2 == 1, static_cast<uint64_t>(life)});
    CHECK(story.scan() == before);
  }
}

TEST_CASE("WriteOptions::sync makes a batch, and what came before it, survive a power cut") {
  Options options = small_options();
  options.wal_sync = WalSync::kNever;
  Story story(options);
  story.put("a", "1");
  WriteBatch batch;
  batch.put(0, "b", "2");
  WriteOptions safely;
  safely.sync = true;
  story.write(batch, safely);
  story.put("c", "3");
  story.crash();
  CHECK(story.get("a") == "1");
  CHECK(story.get("b") == "2");
  story.put("d", "4");
  REQUIRE(story.engine().sync_wal().is_ok());
  story.crash();
  CHECK(story.get("d") == "4");
}

TEST_CASE("numbers are never used twice: recovery jumps over what a power cut has taken") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kNever, WalSync::kInterval);
  options.wal_sync_interval = std::chrono::hours(1);
  Story story(options);
  uint64_t seen = 0;
  for (int life = 0; life < 3; ++life) {
    for (int i = 0; i < 20; ++i) {
      const uint64_t version = story.put("k", std::to_string(i));
      CHECK(version > seen);
      seen = version;
    }
    story.crash();
    CHECK(story.get("k") == "(absent)");
    CHECK(story.engine().last_sequence() >= seen);
  }
}

TEST_CASE("a power cut under interval and never leaves a prefix of the history") {
  Options options = small_options();
  options.wal_sync = GENERATE(WalSync::kNever, WalSync::kInterval);
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Story story(options);
    const int count = 20 + static_cast<int>(seed) * 40;
    for (int i = 0; i < count; ++i) {
      WriteBatch batch;
      batch.put(0, "n", std::to_string(i));
      batch.put(0, "k" + std::to_string(i), std::string(400, 'v'));
      story.write(batch);
    }
    story.crash({true, seed});
    const std::string last = story.get("n");
    const int kept = last == "(absent)" ? 0 : std::stoi(last) + 1;
    for (int i = 0; i < count; ++i) {
      CHECK((story.get("k" + std::to_string(i)) != "(absent)") == (i < kept));
    }
  }
}

TEST_CASE("a second engine on the directory is refused") {
  Story story;
  const auto second = story.try_open();
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code() == StatusCode::LOCKED);
  REQUIRE(story.engine().close().is_ok());
  CHECK(story.try_open().has_value());
}

TEST_CASE("a closed engine answers so, and says it twice") {
  Story story;
  story.put("a", "1");
  REQUIRE(story.engine().close().is_ok());
  REQUIRE(story.engine().close().is_ok());
  CHECK(story.engine().get({}, 0, "a").status().code() == StatusCode::CANCELLED);
  WriteBatch batch;
  batch.put(0, "a", "2");
  CHECK(story.engine().write({}, batch).status().code() == StatusCode::CANCELLED);
  CHECK(story.engine().flush().code() == StatusCode::CANCELLED);
  CHECK(story.engine().iterator({}, {}).status().code() == StatusCode::CANCELLED);
}

TEST_CASE("a directory with other files in it is refused") {
  CrashFileSystem disk;
  REQUIRE(disk.create_directories("db").is_ok());
  REQUIRE(disk.create("db/letters.txt").has_value());
  Environment environment;
  environment.file_system = &disk;
  CHECK_FALSE(Engine::open("db", small_options(), environment).has_value());
}

TEST_CASE("the log can be given up for a strategy's own, and taken back") {
  Story story;
  story.put("a", "1");
  story.kill();
  story.shut();
  story.options().wal_sync = WalSync::kOff;
  story.open();
  CHECK(story.get("a") == "1");
  story.kill();
  CHECK(story.get("a") == "1");
  story.shut();
  story.options().wal_sync = WalSync::kAlways;
  story.open();
  story.put("b", "2");
  story.crash();
  CHECK(story.scan() == "a=1 b=2");
}

TEST_CASE("every crash point of a short life is survived, twice in a row") {
  // The machine dies at the n-th changing call, and once more at the n-th of the recovery.
  uint64_t calls = 0;
  {
    Story whole;
    for (int i = 0; i < 40; ++i) whole.put("k" + std::to_string(i), std::string(3000, 'v'));
    whole.flush();
    whole.compact();
    calls = whole.disk.calls();
  }
  for (uint64_t fatal = 1; fatal < calls; fatal += 1 + calls / 60) {
    INFO("dies at call " << fatal);
    CrashFileSystem disk;
    ManualClock clock;
    Environment environment;
    environment.file_system = &disk;
    environment.clock = &clock;
    int acknowledged = 0;
    disk.set_crash_after(fatal, fatal);
    if (auto engine = Engine::open("db", small_options(), environment)) {
      for (int i = 0; i < 40; ++i) {
        WriteBatch batch;
        batch.put(0, "k" + std::to_string(i), std::string(3000, 'v'));
        if (!(*engine)->write({}, batch)) break;
        ++acknowledged;
      }
      static_cast<void>((*engine)->flush());
      static_cast<void>((*engine)->compact(std::nullopt));
    }
    disk.crash({fatal % 2 == 0, fatal});
    disk.set_crash_after(1 + fatal % 30, fatal);
    static_cast<void>(Engine::open("db", small_options(), environment));
    disk.crash({fatal % 3 == 0, fatal + 1});
    auto engine = Engine::open("db", small_options(), environment);
    INFO(engine.status().to_string());
    REQUIRE(engine.has_value());
    for (int i = 0; i < acknowledged; ++i) {
      REQUIRE((*engine)->get({}, 0, "k" + std::to_string(i))->found());
    }
  }
}
