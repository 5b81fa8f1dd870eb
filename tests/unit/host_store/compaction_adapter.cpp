#include "adapters/compaction_adapter.hpp"

#include "kvhost/detail/thunks.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

// Sees what it is given and answers what the test says, behind the C table.
class Scripted final : public CompactionPolicy {
 public:
  Result<Plan> plan(const TreeView& tree, std::span<const TreeEvent> events,
                    Deadline deadline) override {
    if (throws) throw std::runtime_error("no plan today");
    seen_files.clear();
    for (const auto& run : tree.runs) {
      for (const auto& file : run.files) seen_files.push_back(std::string(file.smallest_key));
    }
    seen_events = events.size();
    seen_deadline = deadline;
    seen_state = tree.policy_state;
    return answer;
  }
  Pressure pressure(const TreeView&) override { return {123, 45}; }
  void job_done(const JobReport& report) override { seen_report = report.status.to_string(); }

  bool throws = false;
  Result<Plan> answer = Plan{};
  std::vector<std::string> seen_files;
  std::size_t seen_events = 0;
  Deadline seen_deadline;
  std::string seen_state;
  std::string seen_report;
};

struct Plugin {
  Plugin() {
    auto policy = std::make_unique<Scripted>();
    script = policy.get();
    instance.object = std::move(policy);
  }
  detail::Instance<Scripted> instance{Context(nullptr), nullptr};
  Scripted* script = nullptr;
  CompactionAdapter adapter{&detail::CompactionThunks<Scripted>::kTable, &instance, "scripted"};
};

// A table whose plan() hands over one job as it is.
const kvh_job* raw_job = nullptr;
CompactionAdapter raw_adapter() {
  static const kvh_compaction table = [] {
    kvh_compaction made{};
    made.size = offsetof(kvh_compaction, pressure);
    made.plan = [](void*, const kvh_tree*, const kvh_event*, uint64_t, uint64_t, uint64_t,
                   kvh_job_sink jobs, kvh_error*) noexcept -> int32_t {
      while (jobs.fn(jobs.ctx, raw_job) == 0 && raw_job->priority == 999) continue;
      return KVH_OK;
    };
    return made;
  }();
  return {&table, nullptr, "raw"};
}

TreeView two_files(std::vector<FileView>& files, std::vector<RunView>& runs) {
  files.resize(2);
  files[0].smallest_key = "a";
  files[1].smallest_key = "m";
  runs = {{7, 0, 100, {files.data(), 1}}, {8, 1, 200, {files.data() + 1, 1}}};
  TreeView tree;
  tree.runs = runs;
  tree.policy_state = "state";
  return tree;
}

}  // namespace

TEST_CASE("the tree goes out and the jobs come back whole") {
  Plugin plugin;
  std::vector<FileView> files;
  std::vector<RunView> runs;
  const TreeView tree = two_files(files, runs);
  Job job;
  job.type = JobType::kMove;
  job.inputs = {3, 4};
  job.clip_start = "b";
  job.target_level = 2;
  job.target_run = 8;
  job.split_window_ms = 60'000;
  job.codec = Codec::kZstd;
  job.policy_state = "next";
  job.reason = "because";
  plugin.script->answer = Plan{{job}};
  const TreeEvent event;
  const Deadline deadline = std::chrono::steady_clock::now() + 1s;
  const auto plan = plugin.adapter.plan(tree, {&event, 1}, deadline);
  REQUIRE(plan.has_value());
  REQUIRE(plan->jobs.size() == 1);
  const Job& back = plan->jobs[0];
  CHECK(back.type == JobType::kMove);
  CHECK(back.inputs == job.inputs);
  CHECK(back.clip_start == "b");
  CHECK(back.target_run == 8);
  CHECK(back.split_window_ms == 60'000);
  CHECK(back.codec == Codec::kZstd);
  CHECK(back.policy_state == "next");
  CHECK(back.reason == "because");
  CHECK(plugin.script->seen_files == std::vector<std::string>{"a", "m"});
  CHECK(plugin.script->seen_events == 1);
  CHECK(plugin.script->seen_deadline == deadline);
  CHECK(plugin.script->seen_state == "state");
  CHECK(plugin.adapter.pressure(tree).urgency == 45);
  plugin.adapter.job_done({JobType::kMerge, Status(StatusCode::NO_SPACE, "full"), 1, 2, 3, 4, 5ns});
  CHECK(plugin.script->seen_report == "no-space: full");
}

TEST_CASE("a policy that throws or refuses is told by its name and words") {
  Plugin plugin;
  plugin.script->throws = true;
  const auto thrown = plugin.adapter.plan({}, {}, Deadline::max());
  CHECK(thrown.error().code() == StatusCode::PLUGIN_ERROR);
  CHECK_THAT(thrown.error().message(), Catch::Matchers::Contains("no plan today"));
  CHECK_THAT(thrown.error().message(), Catch::Matchers::StartsWith("compaction policy scripted"));
  plugin.script->throws = false;
  plugin.script->answer = Status(StatusCode::INTERNAL, "tired");
  CHECK(plugin.adapter.plan({}, {}, Deadline::max()).error().code() == StatusCode::INTERNAL);
}

TEST_CASE("malformed jobs are PLUGIN_ERROR that says what is wrong") {
  CompactionAdapter adapter = raw_adapter();
  const uint64_t inputs[] = {1};
  kvh_job good{};
  good.size = sizeof(good);
  good.type = KVH_JOB_MERGE;
  good.inputs = inputs;
  good.input_count = 1;
  const auto refused = [&](const kvh_job& job) {
    raw_job = &job;
    const auto plan = adapter.plan({}, {}, Deadline::max());
    REQUIRE_FALSE(plan.has_value());
    CHECK(plan.error().code() == StatusCode::PLUGIN_ERROR);
    return plan.error().message();
  };
  using Catch::Matchers::Contains;
  raw_job = &good;
  REQUIRE(adapter.plan({}, {}, Deadline::max()).has_value());
  kvh_job bad = good;
  bad.size = 16;
  CHECK_THAT(refused(bad), Contains("job 0: its size is 16 bytes"));
  bad = good;
  bad.type = 77;
  CHECK_THAT(refused(bad), Contains("unknown type 77"));
  bad = good;
  bad.codec = 9;
  CHECK_THAT(refused(bad), Contains("unknown codec 9"));
  bad = good;
  bad.input_count = 0;
  CHECK_THAT(refused(bad), Contains("no input"));
  bad = good;
  bad.input_count = UINT64_MAX;
  CHECK_THAT(refused(bad), Contains("inputs, at most"));
  bad = good;
  bad.policy_state = {"x", KVH_MAX_POLICY_STATE + 1};
  CHECK_THAT(refused(bad), Contains("policy_state"));
  bad = good;
  bad.reason = {nullptr, 5};
  CHECK_THAT(refused(bad), Contains("a length without bytes"));
  bad = good;
  bad.clip_end = {"x", UINT64_MAX};
  CHECK_THAT(refused(bad), Contains("clip bound"));
  bad = good;
  bad.priority = 999;
  CHECK_THAT(refused(bad), Contains("more than 1024 jobs"));
  CHECK(adapter.pressure({}).urgency == 0);
}

TEST_CASE("the engine compacts by a policy behind the table") {
  Plugin plugin;
  StoreFixture node;
  auto policy = std::make_shared<CompactionAdapter>(&detail::CompactionThunks<Scripted>::kTable,
                                                    &plugin.instance, "scripted");
  node.engine->set_policy(policy, "scripted");
  node.put("k", "v");
  REQUIRE(node.run_command("flush")->status.is_ok());
  REQUIRE(node.engine->wait_until_idle().is_ok());
  CHECK(plugin.script->seen_files.size() == 1);
  CHECK(node.engine->statistics().policy_name == "scripted");
  node.engine->set_policy(nullptr, "built-in");
  REQUIRE(node.engine->close().is_ok());
}

}  // namespace kvhost::host::testing
