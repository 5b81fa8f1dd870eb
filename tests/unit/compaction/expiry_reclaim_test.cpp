// Expired data leaves the disk by itself, under every policy: nobody reads, scans or asks for a
// compaction.
#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "driver_story.hpp"
#include "kvhost/policy/lazy_leveled.hpp"
#include "kvhost/policy/leveled.hpp"
#include "kvhost/policy/tiered.hpp"
#include "kvhost/policy/time_window.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;

namespace {

constexpr uint64_t kLagMs = 1000;

std::shared_ptr<CompactionPolicy> policy_with_lag(int which) {
  switch (which) {
    case 0: {
      LeveledOptions options;
      options.expiry_lag_ms = kLagMs;
      return std::make_shared<LeveledPolicy>(options);
    }
    case 1: {
      TieredOptions options;
      options.expiry_lag_ms = kLagMs;
      return std::make_shared<TieredPolicy>(options);
    }
    case 2: {
      LazyLeveledOptions options;
      options.expiry_lag_ms = kLagMs;
      return std::make_shared<LazyLeveledPolicy>(options);
    }
    default: {
      TimeWindowOptions options;
      options.window_ms = kLagMs / 2;
      return std::make_shared<TimeWindowPolicy>(options);
    }
  }
}

CompactionSettings quick_timer() {
  CompactionSettings settings = DriverStory::default_settings();
  settings.timer_interval = 5ms;
  return settings;
}

// Records with an expiry that tables still hold.
uint64_t expiring_on_disk(DriverStory& story) {
  uint64_t count = 0;
  story.database.versions->current()->for_each_file(
      [&count](const SortedRun&, const TableFilePtr& file) {
        count += file->metadata().ttl_entries;
      });
  return count;
}

void wait_until_expiring_are(DriverStory& story, uint64_t count) {
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (expiring_on_disk(story) != count) {
    REQUIRE(std::chrono::steady_clock::now() < limit);
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

TEST_CASE("expiry: whole tables go when their last record has expired") {
  const int which = GENERATE(range(0, 4));
  DriverStory story(policy_with_lag(which), quick_timer());
  story.database.host.set_now(10'000);
  for (int i = 0; i < 2; ++i) {
    for (const std::string& key : kKeys) story.database.put(key, "v", 20'000);
    story.database.flush();
  }
  story.driver.notify(TreeEventType::kFlushDone);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(expiring_on_disk(story) > 0);
  story.database.host.set_now(20'000);
  wait_until_expiring_are(story, 0);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.database.versions->current()->runs().empty());
  CHECK(story.driver.statistics().dropped_expired + story.driver.statistics().dropped_shadowed ==
        10);
  story.database.check_visible(kKeys);
}

TEST_CASE("expiry: a few expired records among many others go within the lag") {
  const int which = GENERATE(range(0, 4));
  DriverStory story(policy_with_lag(which), quick_timer());
  story.database.host.set_now(10'000);
  story.database.put("a", "soon", 10'500);
  story.database.put("b", "late", 90'000);
  for (char c = 'c'; c <= 'z'; ++c) story.database.put(std::string(1, c), "for ever");
  story.database.flush();
  story.driver.notify(TreeEventType::kFlushDone);
  story.database.host.set_now(10'499 + kLagMs);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(expiring_on_disk(story) == 2);
  story.database.host.set_now(10'500 + kLagMs);
  wait_until_expiring_are(story, 1);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.driver.statistics().dropped_expired == 1);
  story.database.check_visible(kKeys);
}

TEST_CASE("expiry: what hides something older leaves a tombstone and never uncovers it") {
  const int which = GENERATE(range(0, 4));
  DriverStory story(policy_with_lag(which), quick_timer());
  story.database.host.set_now(10'000);
  for (const std::string& key : kKeys) story.database.put(key, "older");
  story.database.flush();
  for (const std::string& key : kKeys) story.database.put(key, "newer", 20'000);
  story.database.flush();
  story.driver.notify(TreeEventType::kFlushDone);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  story.database.host.set_now(25'000);
  wait_until_expiring_are(story, 0);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  const CompactionStatistics counted = story.driver.statistics();
  CHECK(counted.dropped_expired + counted.rewritten_expired == 5);
  story.database.check_visible(kKeys);
}
