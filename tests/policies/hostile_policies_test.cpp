// A plugin that misbehaves in every way we could think of, and one that proposes anything by
// chance, against an engine whose data is compared with a model.
//
//   KVHOST_POLICIES_SECONDS=600 test_policies     goes on with fresh seeds for ten minutes
//   KVHOST_POLICIES_SEED=7 test_policies          begins with this seed
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <map>

#include "kvhost/engine/logger.hpp"
#include "model_runner.hpp"
#include "plugin_policies.hpp"

namespace kvhost::host::testing {
namespace {

using namespace engine;           // NOLINT(google-build-using-namespace)
using namespace engine::testing;  // NOLINT(google-build-using-namespace)
using Catch::Contains;
using Clock = std::chrono::steady_clock;

Options small_options() {
  Options options;
  options.memory = uint64_t{4} << 20;
  options.memtable_size = 16 << 10;
  options.wal_segment_size = 32 << 10;
  options.target_file_size = 8 << 10;
  options.block_size = 512;
  options.wal_sync = WalSync::kNever;
  return options;
}

// Writes, and remembers what was written.
class Data {
 public:
  explicit Data(Engine& engine) : engine_(engine) {}

  void write_some() {
    WriteBatch batch;
    for (int i = 0; i < 20; ++i) {
      const std::string key = "k" + std::to_string(random_.below(200));
      if (random_.one_in(5)) {
        batch.erase(0, key);
        expected_.erase(key);
      } else {
        const std::string value(random_.below(300), static_cast<char>('a' + random_.below(26)));
        batch.put(0, key, value);
        expected_[key] = value;
      }
    }
    REQUIRE(engine_.write({}, batch));
  }
  void check() {
    auto it = engine_.iterator({}, {});
    REQUIRE(it);
    std::map<std::string, std::string> seen;
    for ((*it)->seek_to_first(); (*it)->valid(); (*it)->next()) {
      seen.emplace((*it)->key(), (*it)->value());
    }
    REQUIRE((*it)->status());
    CHECK((seen == expected_));
  }

 private:
  Engine& engine_;
  Random random_{4711};
  std::map<std::string, std::string> expected_;
};

struct Misbehaviour {
  const char* mode;
  // What the quarantine says.
  const char* words;
};

constexpr Misbehaviour kMisbehaviours[] = {
    {"throw", "the hostile policy is out of ideas"},
    {"error", "no plan today"},
    {"hang", "did not answer within 200 ms"},
    {"many-jobs", "more than 1024 jobs in one plan"},
    {"many-inputs", "200000 inputs, at most 100000 are allowed"},
    {"big-state", "policy_state of 5000 bytes, at most 4096 are kept"},
    {"no-such-file", "held only jobs that are not allowed"},
    {"twice", "held only jobs that are not allowed"},
    {"wrong-target", "held only jobs that are not allowed"},
    {"wrong-level", "held only jobs that are not allowed"},
    {"passes-older", "held only jobs that are not allowed"},
    {"clip", "held only jobs that are not allowed"},
    {"blobs", "held only jobs that are not allowed"},
    {"lossy", "held only jobs that are not allowed"},
    {"drop-unexpired", "held only jobs that are not allowed"},
    {"overlapping", "its jobs make no progress"},
    {"useless", "its jobs make no progress"},
    {"throw-in-job-done", "its jobs make no progress"},
    {"nothing", "had to step in 8 times in a row"},
};

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Any policy that there is, with options for a small tree.
std::shared_ptr<CompactionPolicy> draw_plugin(PluginPolicies& plugins, uint64_t seed) {
  Random random(seed);
  const std::string fanout = "fanout = " + std::to_string(2 + random.below(3)) + "\n";
  const std::string file = "target_file = \"64KiB\"\nexpiry_lag = \"1s\"\n";
  switch (random.below(7)) {
    case 0:
      return plugins.make("leveled", fanout + file + "level_base = \"1MiB\"");
    case 1:
      return plugins.make("tiered", fanout + file + "max_runs = 5");
    case 2:
      return plugins.make("lazy-leveled", fanout + file);
    case 3:
      return plugins.make("time-window", fanout + "window = \"1s\"\nmax_windows = 3");
    case 4: {
      const auto& fault = kMisbehaviours[random.below(std::size(kMisbehaviours))];
      const std::string good = std::to_string(random.below(6));
      return plugins.make("hostile", "mode = \"" + std::string(fault.mode) +
                                         "\"\nhang = \"100ms\"\ngood_plans = " + good);
    }
    default:
      return plugins.make("by-chance", "seed = " + std::to_string(seed % 1'000'000));
  }
}

}  // namespace

TEST_CASE("hostile policies: each is quarantined with its words, and nothing is lost") {
  const auto& fault = GENERATE(from_range(std::begin(kMisbehaviours), std::end(kMisbehaviours)));
  INFO(fault.mode);
  PluginPolicies plugins;
  CrashFileSystem disk;
  Options options = small_options();
  // Others are not meant to be taken for one that hangs, however busy the machine is.
  options.plan_timeout =
      std::chrono::milliseconds(std::string_view(fault.mode) == "hang" ? 200 : 300'000);
  Environment environment;
  environment.file_system = &disk;
  environment.policy =
      plugins.make("hostile", "mode = \"" + std::string(fault.mode) + "\"\nhang = \"1s\"");
  environment.policy_name = "hostile";
  auto opened = Engine::open("db", options, std::move(environment));
  REQUIRE(opened);
  Engine& engine = **opened;
  Data data(engine);
  const auto limit = Clock::now() + std::chrono::seconds(120);
  while (engine.statistics().policy_faults == 0) {
    REQUIRE(Clock::now() < limit);
    data.write_some();
    REQUIRE(engine.flush());
  }
  const Statistics all = engine.statistics();
  CHECK(all.quarantined_policy == "hostile");
  CHECK_THAT(all.quarantine_reason, Contains(fault.words));
  CHECK(all.policy_name == "built-in");
  data.check();
  // The built-in decision has taken over.
  for (int i = 0; i < 8; ++i) {
    data.write_some();
    REQUIRE(engine.flush());
  }
  REQUIRE(engine.wait_until_idle());
  CHECK(engine.statistics().levels.front().runs < 4);
  data.check();
  // And another policy gets its chance.
  engine.set_policy(plugins.make("tiered", ""), "tiered");
  REQUIRE(engine.compact(std::nullopt));
  CHECK(engine.statistics().policy_name == "tiered");
  CHECK(engine.statistics().quarantined_policy.empty());
  data.check();
}

TEST_CASE("hostile policies: random histories under random plugins agree with the model") {
  const uint64_t seconds = number_from("KVHOST_POLICIES_SECONDS", 0);
  const uint64_t first = number_from("KVHOST_POLICIES_SEED", 1);
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  for (uint64_t seed = first;; ++seed) {
    PluginPolicies plugins;
    Options options = small_options();
    options.plan_timeout = std::chrono::milliseconds(50);
    options.compaction_workers = static_cast<uint32_t>(1 + seed % 3);
    std::vector<Step> steps;
    Random random(seed);
    for (const Step& step : draw_steps(seed, 500)) {
      if (random.one_in(20)) steps.push_back({StepKind::kPolicy, random.next()});
      if (random.one_in(10)) steps.push_back({StepKind::kFlush, random.next()});
      steps.push_back(step);
    }
    ModelRunner runner(options,
                       [&plugins](uint64_t chosen) { return draw_plugin(plugins, chosen); });
    INFO("repeat with: KVHOST_POLICIES_SEED=" << seed << " test_policies");
    try {
      runner.run(steps);
    } catch (const ModelRunner::Difference& difference) {
      FAIL(difference.what);
    }
    if (seconds > 0 ? Clock::now() >= until : seed >= first + 3) break;
  }
}

}  // namespace kvhost::host::testing
