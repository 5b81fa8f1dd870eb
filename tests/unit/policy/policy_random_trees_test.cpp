// Any legal tree, whoever made it: every job that a policy proposes is legal, none gets in the way
// of another one of the same plan, and after some rounds there is nothing left to do. Jobs run
// while others are planned; the trees that one policy leaves are given to the next.
#include <catch2/catch.hpp>

#include "base/random.hpp"
#include "compaction/job_admission.hpp"
#include "compaction/tree_view_builder.hpp"
#include "policies.hpp"
#include "version/version_builder.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;

namespace {

std::string key_of(uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(4 - digits.size(), '0') + digits;
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed) { make_tree(); }

  void use(const std::string& policy) {
    options_ = draw_options(policy, random_);
    policy_ = make_policy(policy, options_);
  }

  // Asks, checks, and carries out some of what is proposed or still running; the number of those
  // jobs.
  std::size_t round(std::span<const TreeEvent> events, bool may_leave_running = true) {
    TreeFacts facts;
    facts.now_ms = 100;
    facts.memtable_bytes = 500;
    facts.max_workers = static_cast<uint32_t>(1 + random_.below(4));
    facts.idle_workers = facts.max_workers;
    for (const Job& job : running_) facts.busy.insert(job.inputs.begin(), job.inputs.end());
    const OwnedTree tree(*version_, facts);
    const auto plan = policy_->plan(tree.view(), events, Deadline::max());
    REQUIRE(plan);
    REQUIRE(plan->jobs.size() <= facts.idle_workers);
    policy_->pressure(tree.view());
    std::vector<JobPlacement> before;
    std::erase_if(running_, [this](const Job& job) { return is_hopeless(job); });
    for (const Job& job : running_) {
      const auto placed = place_job(*version_, retarget(*version_, job), kRules);
      INFO("running, reason: " << job.reason);
      INFO((placed ? std::string("placed") : placed.error().message()));
      REQUIRE(placed);
      before.push_back(*placed);
    }
    std::vector<JobPlacement> planned;
    for (const Job& job : plan->jobs) {
      const auto placed = place_job(*version_, job, kRules);
      INFO("reason: " << job.reason);
      INFO((placed ? std::string("placed") : placed.error().message()));
      REQUIRE(placed);
      const Status conflict = check_conflicts(*placed, planned);
      INFO(conflict.to_string());
      REQUIRE(conflict.is_ok());
      planned.push_back(*placed);
      // What an earlier plan began may be in the way: the engine refuses, and asks again.
      if (check_conflicts(*placed, before).is_ok()) running_.push_back(job);
    }
    for (std::size_t i = running_.size(); i-- > 0;) {
      if (may_leave_running && random_.one_in(2)) continue;
      const Job done = running_[i];
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      carry_out(done);
    }
    return plan->jobs.size() + before.size();
  }

  // Rounds until nothing is proposed and nothing runs.
  void settle(std::span<const TreeEvent> events = {}) {
    int rounds = 0;
    while (round(events, false) > 0) REQUIRE(++rounds < 400);
  }

  // A flush, so that trees in motion are met as well.
  void flush() {
    VersionEdit edit;
    edit.add_level0_run(next_id_++, file(random_.below(4000), 1 + random_.below(3000), 500));
    apply(edit);
  }

  const Version& version() const { return *version_; }
  uint64_t option(const std::string& name) const { return options_.at(name); }

 private:
  FileMetadata file(uint64_t from, uint64_t width, uint64_t bytes) {
    FileMetadata made;
    made.number = next_id_++;
    made.bytes = bytes;
    made.entries = bytes;
    made.distinct_keys = bytes;
    made.created_at_ms = random_.below(110);
    made.range = {key_of(from), key_of(std::min<uint64_t>(from + width, 9998)), false};
    made.tombstones = random_.one_in(5) ? random_.below(bytes) : 0;
    if (random_.one_in(6)) {
      made.tombstones = 0;
      made.ttl_entries = bytes;
      made.min_expires_at_ms = random_.below(100);
      made.max_expires_at_ms = made.min_expires_at_ms + random_.below(100);
    }
    return made;
  }

  void make_tree() {
    VersionEdit edit;
    uint32_t level = 0;
    for (uint64_t runs = random_.below(12); runs > 0; --runs) {
      if (random_.one_in(2)) level = std::min<uint32_t>(63, level + 1 + random_.below(3));
      const uint64_t run = next_id_++;
      edit.new_runs.push_back({run, level, NewRun::kBack});
      uint64_t from = random_.below(3000);
      for (uint64_t files = 1 + random_.below(6); files > 0 && from < 9000; --files) {
        const FileMetadata one = file(from, random_.below(1500), 1 + random_.below(900));
        from = std::stoull(one.range.largest) + 1 + random_.below(600);
        // Ends that touch the next table, as range tombstones leave them.
        edit.added_files.push_back({run, one});
        if (random_.one_in(6)) {
          FileMetadata& last = edit.added_files.back().metadata;
          last.range.largest = key_of(std::stoull(last.range.largest) + 1);
          last.range.largest_is_exclusive = true;
        }
      }
    }
    apply(edit);
  }

  void apply(const VersionEdit& edit) {
    auto applied = apply_edit(*version_, edit, obsolete_);
    INFO((applied ? std::string("applied") : applied.error().message()));
    REQUIRE(applied);
    version_ = applied->version;
  }

  // Another job's output may span a gap that an expired table stands over: that table stays for
  // now.
  bool is_hopeless(const Job& job) const {
    return job.type != JobType::kMerge && job.type != JobType::kMove &&
           !place_job(*version_, job, kRules);
  }

  // As JobExecutor would, with tables that nobody wrote.
  void carry_out(const Job& planned) {
    const Job job = retarget(*version_, planned);
    const auto placed = place_job(*version_, job, kRules);
    if (is_hopeless(job)) return;
    INFO("after another one, reason: " << job.reason);
    INFO((placed ? std::string("placed") : placed.error().message()));
    REQUIRE(placed);
    VersionEdit edit;
    uint64_t bytes = 0;
    for (const TableFilePtr& input : placed->files) {
      edit.removed_files.push_back(input->number());
      bytes += input->metadata().bytes;
    }
    uint64_t run = job.target_run;
    if (run == 0) {
      run = next_id_++;
      const bool is_last = placed->position == version_->runs().size();
      edit.new_runs.push_back({run, job.target_level,
                               is_last ? NewRun::kBack : version_->runs()[placed->position]->id()});
    }
    if (job.type == JobType::kMove) {
      for (const TableFilePtr& input : placed->files) {
        edit.added_files.push_back({run, input->metadata()});
      }
    } else if (job.type == JobType::kMerge) {
      // What is hidden goes, now and then.
      FileMetadata output = file(0, 0, std::max<uint64_t>(bytes * 9 / 10, 1));
      output.range = placed->hull;
      output.tombstones = output.ttl_entries = 0;
      output.min_expires_at_ms = output.max_expires_at_ms = 0;
      edit.added_files.push_back({run, output});
    }
    if (job.type != JobType::kMove && job.type != JobType::kMerge) edit.new_runs.clear();
    apply(edit);
  }

  static constexpr AdmissionRules kRules{100, true};

  Random random_;
  PolicyOptions options_;
  std::shared_ptr<CompactionPolicy> policy_;
  std::vector<Job> running_;
  uint64_t next_id_ = 1;
  VersionPtr version_ = std::make_shared<Version>();
  const std::shared_ptr<ObsoleteFiles> obsolete_ = std::make_shared<ObsoleteFiles>();
};

// What a policy promises of a tree that it has settled.
void check_shape(const std::string& policy, const Simulation& simulation) {
  const auto& runs = simulation.version().runs();
  if (policy == "leveled") {
    for (std::size_t run = 1; run < runs.size(); ++run) {
      CHECK((runs[run]->level() == 0 || runs[run - 1]->level() < runs[run]->level()));
    }
  }
  if (policy == "tiered") CHECK(runs.size() <= simulation.option("max_runs"));
  if (policy == "lazy-leveled") {
    std::map<uint32_t, uint64_t> by_level;
    for (const auto& run : runs) ++by_level[run->level()];
    for (const auto& [level, count] : by_level) {
      CHECK((level < LazyLeveledRound::kDrain ? count < simulation.option("fanout") : count == 1));
      CHECK(level != LazyLeveledRound::kDrain);
    }
    if (!runs.empty() && runs.back()->level() != 0) CHECK(runs.back()->level() >= 6);
  }
  if (policy == "time-window") {
    const auto passed =
        std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run->level() > 0; });
    CHECK(static_cast<uint64_t>(passed) <= simulation.option("max_windows"));
  }
}

}  // namespace

TEST_CASE("policies: on any legal tree every job is admissible, and the jobs come to an end") {
  const std::string policy = GENERATE(from_range(kPolicies));
  const uint64_t base = random_seed();
  for (uint64_t i = 0; i < 300; ++i) {
    INFO(policy << ", seed " << base + i);
    Simulation simulation(base + i);
    simulation.use(policy);
    for (int flushes = 0; flushes < 8; ++flushes) {
      simulation.flush();
      simulation.round({});
    }
    simulation.settle();
    check_shape(policy, simulation);
  }
}

TEST_CASE("policies: each takes over the trees that the others made, and gives them its shape") {
  const uint64_t base = random_seed();
  for (uint64_t i = 0; i < 200; ++i) {
    INFO("seed " << base + i);
    Random random(base + i);
    Simulation simulation(base + i);
    for (int switches = 0; switches < 6; ++switches) {
      const std::string& policy = kPolicies[random.below(kPolicies.size())];
      INFO(policy);
      simulation.use(policy);
      for (uint64_t flushes = random.below(6); flushes > 0; --flushes) {
        simulation.flush();
        simulation.round({});
      }
      // Sometimes the next one comes before this one is done.
      if (random.one_in(3)) continue;
      simulation.settle();
      check_shape(policy, simulation);
    }
  }
}

TEST_CASE("policies: asked for everything, any legal tree becomes one run") {
  const std::string policy = GENERATE(from_range(kPolicies));
  const uint64_t base = random_seed();
  for (uint64_t i = 0; i < 300; ++i) {
    INFO(policy << ", seed " << base + i);
    Simulation simulation(base + i);
    simulation.use(policy);
    simulation.flush();
    const std::vector<TreeEvent> events = {{TreeEventType::kManual, 0, "", ""}};
    simulation.settle(events);
    CHECK(simulation.version().runs().size() <= 1);
  }
}
