// Policies that do no harm to the data and no good to the tree, and the events that policies get.
#include <catch2/catch.hpp>
#include <thread>

#include "driver_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using Catch::Contains;

namespace {

// Asks the driver until `is_true`; fails after a minute.
template <typename Condition>
void ask_until(DriverStory& story, Condition&& is_true) {
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (!is_true()) {
    REQUIRE(std::chrono::steady_clock::now() < limit);
    story.driver.notify(TreeEventType::kTimer);
    std::this_thread::yield();
  }
}

void fill(DriverStory& story, int flushes) {
  for (int i = 0; i < flushes; ++i) {
    for (const std::string& key : kKeys) story.database.put(key, std::string(2000, 'v'));
    story.database.flush();
    story.driver.notify(TreeEventType::kFlushDone);
  }
}

}  // namespace

TEST_CASE("driver: a policy that rewrites a table for ever, legally, is quarantined") {
  const auto policy = std::make_shared<ScriptedPolicy>(
      [](const TreeView& tree, std::span<const TreeEvent>) -> Result<Plan> {
        Plan plan;
        if (tree.runs.empty()) return plan;
        const RunView& run = tree.runs.back();
        plan.jobs.push_back(merge_of({run.files[0].id}, run.level, run.id));
        return plan;
      });
  DriverStory story(policy);
  fill(story, 2);
  ask_until(story, [&] { return story.driver.statistics().policy_faults > 0; });
  const CompactionStatistics counted = story.driver.statistics();
  CHECK(counted.policy_name == "built-in");
  CHECK(counted.quarantined_policy == "under test");
  CHECK_THAT(counted.quarantine_reason, Contains("make no progress"));
  CHECK(counted.jobs_done > 5);
  fill(story, 6);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.level0_runs() < 4);
  CHECK_THAT(story.logger.text(), Contains("\"under test\" is quarantined: its jobs make no"));
  story.database.check_visible(kKeys);
  story.driver.set_policy(lazy_policy(), "next");
  CHECK(story.driver.statistics().quarantined_policy.empty());
}

TEST_CASE("driver: a policy that moves tables up and down for ever is quarantined") {
  const auto policy = std::make_shared<ScriptedPolicy>(
      [](const TreeView& tree, std::span<const TreeEvent>) -> Result<Plan> {
        Plan plan;
        if (tree.runs.size() != 1) return plan;
        Job job = merge_of({tree.runs[0].files[0].id}, tree.runs[0].level == 3 ? 5 : 3);
        job.type = JobType::kMove;
        plan.jobs.push_back(job);
        return plan;
      });
  DriverStory story(policy);
  fill(story, 1);
  ask_until(story, [&] { return story.driver.statistics().policy_faults > 0; });
  CHECK_THAT(story.driver.statistics().quarantine_reason, Contains("make no progress"));
  story.database.check_visible(kKeys);
}

TEST_CASE("driver: a policy that lets level 0 pile up again and again is quarantined") {
  CompactionSettings settings = DriverStory::default_settings();
  settings.max_rescues = 3;
  DriverStory story(lazy_policy(), settings);
  for (int i = 0; i < 20; ++i) {
    fill(story, 1);
    REQUIRE(story.driver.wait_until_idle().is_ok());
  }
  const CompactionStatistics counted = story.driver.statistics();
  CHECK(counted.policy_faults == 1);
  CHECK(counted.built_in_rounds >= 3);
  CHECK_THAT(counted.quarantine_reason, Contains("had to step in 3 times in a row"));
  story.database.check_visible(kKeys);
}

TEST_CASE("driver: a policy hears of sparse tables and of reads in vain, once each") {
  std::atomic<int> sparse{0};
  std::atomic<int> touched{0};
  std::atomic<uint64_t> sparse_file{0};
  const auto policy = std::make_shared<ScriptedPolicy>(
      [&](const TreeView&, std::span<const TreeEvent> events) -> Result<Plan> {
        for (const TreeEvent& event : events) {
          if (event.type == TreeEventType::kTombstones) {
            ++sparse;
            sparse_file = event.file_id;
          }
          if (event.type == TreeEventType::kReadTouches) ++touched;
        }
        return Plan{};
      });
  CompactionSettings settings = DriverStory::default_settings();
  settings.watch_interval = 5ms;
  DriverStory story(policy, settings);
  fill(story, 1);
  story.database.erase("a");
  story.database.erase("b");
  story.database.put("c", "v");
  const uint64_t number = story.database.flush();
  ask_until(story, [&] { return sparse > 0; });
  CHECK(sparse_file == number);
  CHECK(touched == 0);
  const VersionPtr version = story.database.versions->current();
  for (int i = 0; i < 150; ++i) version->runs()[0]->files()[0]->count_touch();
  ask_until(story, [&] { return touched > 0; });
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(sparse == 1);
  CHECK(touched == 1);
}

TEST_CASE("driver: a policy is asked when a snapshot was released") {
  std::atomic<int> told{0};
  const auto policy = std::make_shared<ScriptedPolicy>(
      [&told](const TreeView&, std::span<const TreeEvent> events) -> Result<Plan> {
        for (const TreeEvent& event : events) {
          told += event.type == TreeEventType::kSnapshotReleased;
        }
        return Plan{};
      });
  DriverStory story(policy);
  story.driver.notify(TreeEventType::kSnapshotReleased);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(told == 1);
}
