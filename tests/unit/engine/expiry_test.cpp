// Time to live: absent from the moment, and nothing older comes back.
#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

TEST_CASE("an expired key is absent and hides what was there before") {
  Story story;
  const auto settle = GENERATE(0, 1, 2);  // nothing, flush, compact
  const auto step = [&] {
    if (settle == 1) story.flush();
    if (settle == 2) story.compact();
  };
  story.put("k", "old");
  step();
  story.put("k", "new", Expiry::after_ms(1000));
  step();
  CHECK(story.get("k") == "new");
  story.clock.advance_ms(999);
  CHECK(story.get("k") == "new");
  story.clock.advance_ms(1);
  CHECK(story.get("k") == "(absent)");
  CHECK(story.scan().empty());
  CHECK(story.scan_back().empty());
  step();
  CHECK(story.get("k") == "(absent)");
  story.put("k", "again");
  CHECK(story.get("k") == "again");
}

TEST_CASE("expired keys are reclaimed") {
  Story story;
  for (int i = 0; i < 200; ++i) {
    story.put("k" + std::to_string(i), std::string(100, 'v'), Expiry::after_ms(10));
  }
  story.flush();
  CHECK(story.engine().statistics().table_bytes > 0);
  story.clock.advance_ms(1000);
  story.compact();
  CHECK(story.engine().statistics().tables == 0);
}

TEST_CASE("a put without ttl removes the old one, keep_old keeps it") {
  Story story;
  story.put("a", "1", Expiry::after_ms(100));
  story.put("b", "1", Expiry::after_ms(100));
  story.put("a", "2");
  story.put("b", "2", Expiry::keep_old());
  story.put("c", "2", Expiry::keep_old());
  story.clock.advance_ms(200);
  CHECK(story.get("a") == "2");
  CHECK(story.get("b") == "(absent)");
  CHECK(story.get("c") == "2");
}

TEST_CASE("an absolute expiry in the past is at once absent, and told as such") {
  Story story;
  story.put("a", "old");
  story.put("a", "new", Expiry::at_ms(0));
  CHECK(story.get("a") == "(absent)");
  WriteBatch batch;
  batch.require_absent(0, "a");
  CHECK(story.write(batch).outcome.is_ok());
}

TEST_CASE("log time never goes back, whatever the wall clock does") {
  Story story;
  story.put("k", "v", Expiry::after_ms(60'000));
  story.clock.advance_ms(60'000);
  CHECK(story.get("k") == "(absent)");
  story.clock.set_wall_ms(1000);
  CHECK(story.get("k") == "(absent)");
  const uint64_t before = story.engine().now_ms();
  story.put("x", "1");
  story.kill();
  CHECK(story.engine().now_ms() >= before);
  CHECK(story.get("k") == "(absent)");
  story.reopen();
  CHECK(story.engine().now_ms() >= before);
  story.flush();
  story.reopen();
  CHECK(story.engine().now_ms() >= before);
  CHECK(story.get("k") == "(absent)");
}

TEST_CASE("an iterator judges expiry once, when it is made") {
  Story story;
  story.put("a", "1", Expiry::after_ms(10));
  story.put("b", "2");
  auto it = story.engine().iterator({}, {});
  story.clock.advance_ms(100);
  (*it)->seek_to_first();
  REQUIRE((*it)->valid());
  CHECK((*it)->key() == "a");
  CHECK(story.scan() == "b=2");
  ReadOptions then;
  then.now_ms = 1'000'005;
  CHECK(story.engine().get(then, 0, "a")->found());
}

TEST_CASE("a snapshot pins the sequence, not the time") {
  Story story;
  story.put("a", "1", Expiry::after_ms(10));
  const auto snapshot = story.engine().snapshot();
  CHECK(story.get("a", snapshot.get()) == "1");
  story.clock.advance_ms(10);
  CHECK(story.get("a", snapshot.get()) == "(absent)");
}
