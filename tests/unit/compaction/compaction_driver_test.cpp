#include "compaction/compaction_driver.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "driver_story.hpp"
#include "support/fault_file_system.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using namespace std::chrono_literals;
using Catch::Contains;
using kvhost::engine::testing::CrashFileSystem;
using kvhost::engine::testing::FaultFileSystem;

TEST_CASE("driver: the built-in decision keeps level 0 short, and every reader is served") {
  DriverStory story;
  for (int i = 0; i < 30; ++i) {
    story.flush_some(1);
    if (i % 7 == 0) story.database.host.hold_snapshot(story.database.next_sequence - 1);
  }
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.level0_runs() < 4);
  story.database.check_visible(kKeys);
  const CompactionStatistics counted = story.driver.statistics();
  CHECK(counted.jobs_done > 0);
  CHECK(counted.jobs_failed == 0);
  CHECK(counted.dropped_shadowed > 0);
  CHECK(counted.policy_name == "built-in");
}

TEST_CASE("driver: a compaction that is asked for ends with one run") {
  DriverStory story;
  story.flush_some(3);
  story.database.erase_range("a", "c");
  story.database.flush();
  REQUIRE(story.driver.compact_range("", "").is_ok());
  const VersionPtr version = story.database.versions->current();
  REQUIRE(version->runs().size() == 1);
  const FileMetadata& file = version->runs()[0]->files()[0]->metadata();
  CHECK(file.entries == 3);
  CHECK(file.range_deletes == 0);
  story.database.check_visible(kKeys);
  // Nothing left to do: it returns at once and rewrites nothing.
  const uint64_t jobs = story.driver.statistics().jobs_done;
  REQUIRE(story.driver.compact_range("a", "z").is_ok());
  CHECK(story.driver.statistics().jobs_done == jobs);
}

TEST_CASE("driver: a policy that hangs is quarantined, and the built-in decision takes over") {
  const auto policy = std::make_shared<HangingPolicy>();
  {
    DriverStory story(policy, DriverStory::with_timeout(50ms));
    policy->wait_until_inside();
    story.flush_some(10);
    REQUIRE(story.driver.wait_until_idle().is_ok());
    CHECK(story.level0_runs() < 4);
    CHECK(story.driver.statistics().policy_faults == 1);
    CHECK(story.driver.statistics().policy_name == "built-in");
    CHECK_THAT(story.logger.text(), Contains("\"under test\" is quarantined") &&
                                        Contains("did not answer within 50 ms"));
    story.database.check_visible(kKeys);
  }
  policy->let_go();
}

TEST_CASE("driver: closing does not wait for a policy that hangs") {
  const auto policy = std::make_shared<HangingPolicy>();
  {
    DriverStory story(policy, DriverStory::with_timeout(1h));
    policy->wait_until_inside();
    const auto begin = std::chrono::steady_clock::now();
    story.driver.close();
    CHECK(std::chrono::steady_clock::now() - begin < 10s);
  }
  policy->let_go();
}

TEST_CASE("driver: another policy replaces one that hangs at once") {
  const auto policy = std::make_shared<HangingPolicy>();
  {
    DriverStory story(policy, DriverStory::with_timeout(1h));
    policy->wait_until_inside();
    story.driver.set_policy(nullptr, "");
    story.flush_some(10);
    REQUIRE(story.driver.wait_until_idle().is_ok());
    CHECK(story.level0_runs() < 4);
    CHECK(story.driver.statistics().policy_faults == 0);
  }
  policy->let_go();
}

TEST_CASE("driver: a policy that throws or answers an error is quarantined") {
  const bool throws = GENERATE(true, false);
  const auto policy = std::make_shared<ScriptedPolicy>(
      [throws](const TreeView&, std::span<const TreeEvent>) -> Result<Plan> {
        if (throws) throw std::runtime_error("out of ideas");
        return Status(StatusCode::INTERNAL, "out of ideas");
      });
  DriverStory story(policy);
  story.flush_some(10);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.level0_runs() < 4);
  CHECK(policy->plans == 1);
  CHECK_THAT(story.logger.text(), Contains("out of ideas"));
  // A new policy gets its chance.
  const auto next = lazy_policy();
  story.driver.set_policy(next, "next");
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(next->plans > 0);
  CHECK(story.driver.statistics().policy_name == "next");
}

TEST_CASE("driver: a policy that proposes only nonsense is quarantined in the end") {
  CompactionSettings settings = DriverStory::default_settings();
  settings.max_refused_plans = 5;
  const auto policy = std::make_shared<ScriptedPolicy>(
      [](const TreeView&, std::span<const TreeEvent>) -> Result<Plan> {
        Plan plan;
        plan.jobs.push_back(merge_of({4711}, 3));
        return plan;
      });
  DriverStory story(policy, settings);
  for (int i = 0; i < 8; ++i) REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(policy->plans == 5);
  CHECK(story.driver.statistics().policy_faults == 1);
  CHECK(story.driver.statistics().jobs_refused >= 5);
  CHECK_THAT(story.logger.text(), Contains("the last 5 plans"));
}

TEST_CASE("driver: where level 0 piles up and the policy does nothing, the built-in one steps in") {
  const auto policy = lazy_policy();
  DriverStory story(policy);
  story.flush_some(5);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.level0_runs() == 5);
  story.flush_some(1);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.level0_runs() < 6);
  CHECK(story.driver.statistics().built_in_rounds > 0);
  CHECK(story.driver.statistics().policy_name == "under test");
  CHECK_THAT(story.logger.text(), Contains("steps in for this round"));
  story.database.check_visible(kKeys);
}

TEST_CASE("driver: a policy without an end for a compaction asked for is helped out") {
  // Rewrites the same table for ever.
  const auto policy = std::make_shared<ScriptedPolicy>(
      [](const TreeView& tree, std::span<const TreeEvent> events) -> Result<Plan> {
        Plan plan;
        for (const TreeEvent& event : events) {
          if (event.type != TreeEventType::kManual || tree.runs.empty()) continue;
          plan.jobs.push_back(merge_of({tree.runs.back().files[0].id}, tree.runs.back().level));
        }
        return plan;
      });
  DriverStory story(policy);
  story.flush_some(3);
  REQUIRE(story.driver.compact_range("", "").is_ok());
  CHECK_THAT(story.logger.text(), Contains("finds no end"));
  CHECK(story.database.versions->current()->runs().size() == 1);
  story.database.check_visible(kKeys);
}

TEST_CASE("driver: paused, it starts nothing, closed, it lets its waiters go") {
  DriverStory story;
  story.driver.pause();
  story.flush_some(8);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(story.level0_runs() == 8);
  Status answer;
  std::thread waiter([&] { answer = story.driver.compact_range("", ""); });
  story.driver.resume();
  waiter.join();
  CHECK(answer.is_ok());
  CHECK(story.level0_runs() == 0);
  story.driver.pause();
  std::thread lost([&] { answer = story.driver.compact_range("", ""); });
  story.driver.close();
  lost.join();
  CHECK(answer.code() == StatusCode::CANCELLED);
}

TEST_CASE("driver: a policy hears of its jobs, and its state comes back to it alone") {
  std::atomic<bool> got_state{false};
  const auto policy = std::make_shared<ScriptedPolicy>(
      [&](const TreeView& tree, std::span<const TreeEvent>) -> Result<Plan> {
        if (tree.policy_state == "seen it") got_state = true;
        Plan plan;
        if (tree.runs.size() < 2 || got_state) return plan;
        std::vector<uint64_t> inputs;
        for (const RunView& run : tree.runs) inputs.push_back(run.files[0].id);
        plan.jobs.push_back(merge_of(inputs, 3));
        plan.jobs[0].policy_state = "seen it";
        return plan;
      });
  DriverStory story(policy);
  story.flush_some(2);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(got_state);
  CHECK(policy->reports > 0);
  CHECK(policy->failures == 0);
  CHECK(story.driver.tree().policy_state == "seen it");
  story.driver.set_policy(lazy_policy(), "somebody else");
  CHECK(story.driver.tree().policy_state.empty());
}

TEST_CASE("driver: a job that fails is told, and tried again when the disk is well") {
  CrashFileSystem disk;
  FaultFileSystem files(disk);
  DriverStory story(nullptr, DriverStory::default_settings(), &files);
  story.flush_some(3);
  files.fail("append *.sst nth=1 always ENOSPC");

  const Status failed = story.driver.compact_range("", "");
  CHECK(failed.code() == StatusCode::NO_SPACE);
  CHECK(story.database.host.last_failure().code() == StatusCode::NO_SPACE);
  story.database.check_visible(kKeys);
  files.heal();
  REQUIRE(story.driver.compact_range("", "").is_ok());
  CHECK(story.database.versions->current()->runs().size() == 1);
  CHECK(story.driver.statistics().jobs_failed == 1);
  story.database.check_visible(kKeys);
}

TEST_CASE("driver: a policy is told when space runs low") {
  std::atomic<int> told{0};
  const auto policy = std::make_shared<ScriptedPolicy>(
      [&told](const TreeView&, std::span<const TreeEvent> events) -> Result<Plan> {
        for (const TreeEvent& event : events) told += event.type == TreeEventType::kLowSpace;
        return Plan{};
      });
  DriverStory story(policy);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(told == 0);
  story.database.memory.set_capacity(20 << 10);
  REQUIRE(story.driver.wait_until_idle().is_ok());
  CHECK(told > 0);
}

TEST_CASE("driver: random policies, several workers, policies switched under way") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  CompactionSettings settings = DriverStory::default_settings();
  settings.workers = 3;
  settings.max_refused_plans = 1'000'000;
  settings.max_rescues = 1'000'000;
  settings.judges_progress = false;
  settings.level0_emergency_runs = 12;
  DriverStory story(random_policy(seed), settings);
  Random random(seed);
  std::vector<std::string> keys;
  for (char c = 'a'; c <= 'p'; ++c) keys.emplace_back(1, c);
  for (int i = 0; i < 60; ++i) {
    for (int write = 0; write < 8; ++write) {
      const std::string& key = keys[random.below(keys.size())];
      if (random.one_in(4)) {
        story.database.erase(key);
      } else if (random.one_in(10)) {
        story.database.erase_range(key, key + "~");
      } else {
        story.database.put(key, std::string(random.below(900), 'v') + std::to_string(i));
      }
    }
    story.database.flush();
    story.driver.notify(TreeEventType::kFlushDone);
    if (random.one_in(8)) {
      story.database.host.hold_snapshot(story.database.next_sequence - 1);
    }
    if (i == 9 || i % 20 == 14) {
      // However busy the machine is: some of it must happen in between.
      const uint64_t before = story.driver.statistics().jobs_done;
      while (story.driver.statistics().jobs_done == before) {
        story.driver.notify(TreeEventType::kTimer);
        std::this_thread::yield();
      }
    }
    if (i % 20 == 10) story.driver.set_policy(random_policy(seed + 1), "random 2");
    if (i % 20 == 15) story.driver.set_policy(nullptr, "");
    if (i % 10 == 9) {
      story.driver.pause();
      story.database.check_visible(keys);
      story.driver.resume();
    }
  }
  story.driver.set_policy(nullptr, "");
  REQUIRE(story.driver.compact_range("", "").is_ok());
  REQUIRE(story.driver.wait_until_idle().is_ok());
  story.database.check_visible(keys);
  CHECK(story.driver.statistics().jobs_failed == 0);
  CHECK(story.driver.statistics().jobs_done >= 4);
}
