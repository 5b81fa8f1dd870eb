// Any legal tree, whoever made it: every job that the leveled policy proposes is admitted, none
// gets in another's way, and after some rounds there is nothing left to do.
#include <catch2/catch.hpp>

#include "base/random.hpp"
#include "compaction/job_admission.hpp"
#include "compaction/tree_view_builder.hpp"
#include "kvhost/policy/leveled.hpp"
#include "version/version_builder.hpp"

using namespace kvhost;
using namespace kvhost::engine;

namespace {

std::string key_of(uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(4 - digits.size(), '0') + digits;
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed) {
    options_.level0_trigger = static_cast<uint32_t>(1 + random_.below(5));
    options_.level_base_bytes = 2000;
    options_.fanout = 4;
    options_.target_file_bytes = 300;
    make_tree();
  }

  // Asks, checks and carries out what is proposed; the number of jobs.
  std::size_t round(std::span<const TreeEvent> events) {
    TreeFacts facts;
    facts.now_ms = 100;
    facts.memtable_bytes = 500;
    facts.idle_workers = facts.max_workers = static_cast<uint32_t>(1 + random_.below(4));
    const OwnedTree tree(*version_, facts);
    const auto plan = LeveledPolicy(options_).plan(tree.view(), events, Deadline::max());
    REQUIRE(plan);
    REQUIRE(plan->jobs.size() <= facts.idle_workers);
    std::vector<JobPlacement> running;
    for (const Job& job : plan->jobs) {
      const auto placed = place_job(*version_, job, {100, false});
      INFO("reason: " << job.reason);
      INFO((placed ? std::string("placed") : placed.error().message()));
      REQUIRE(placed);
      const Status conflict = check_conflicts(*placed, running);
      INFO(conflict.to_string());
      REQUIRE(conflict.is_ok());
      running.push_back(*placed);
    }
    for (const Job& job : plan->jobs) carry_out(job);
    return plan->jobs.size();
  }

  // A flush, so that trees in motion are met as well.
  void flush() {
    VersionEdit edit;
    edit.add_level0_run(next_id_++, file(random_.below(4000), 1 + random_.below(3000), 500));
    apply(edit);
  }

  const Version& version() const { return *version_; }

 private:
  FileMetadata file(uint64_t from, uint64_t width, uint64_t bytes) {
    FileMetadata made;
    made.number = next_id_++;
    made.bytes = bytes;
    made.entries = bytes;
    made.distinct_keys = bytes;
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

  // As JobExecutor would, with tables that nobody wrote.
  void carry_out(const Job& planned) {
    const Job job = retarget(*version_, planned);
    const auto placed = place_job(*version_, job, {100, false});
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
    if (job.type == JobType::kDropExpired) edit.new_runs.clear();
    apply(edit);
  }

  Random random_;
  LeveledOptions options_;
  uint64_t next_id_ = 1;
  VersionPtr version_ = std::make_shared<Version>();
  const std::shared_ptr<ObsoleteFiles> obsolete_ = std::make_shared<ObsoleteFiles>();
};

}  // namespace

TEST_CASE("leveled: on any legal tree every job is admissible, and the jobs come to an end") {
  const uint64_t base = random_seed();
  for (uint64_t i = 0; i < 500; ++i) {
    INFO("seed " << base + i);
    Simulation simulation(base + i);
    for (int flushes = 0; flushes < 6; ++flushes) {
      simulation.flush();
      simulation.round({});
    }
    int rounds = 0;
    while (simulation.round({}) > 0) REQUIRE(++rounds < 300);
    // What is left is leveled: one run for each level below level 0.
    for (std::size_t run = 1; run < simulation.version().runs().size(); ++run) {
      const uint32_t level = simulation.version().runs()[run]->level();
      CHECK((level == 0 || simulation.version().runs()[run - 1]->level() < level));
    }
  }
}

TEST_CASE("leveled: asked for everything, any legal tree becomes one run") {
  const uint64_t base = random_seed();
  for (uint64_t i = 0; i < 500; ++i) {
    INFO("seed " << base + i);
    Simulation simulation(base + i);
    simulation.flush();
    const std::vector<TreeEvent> events = {{TreeEventType::kManual, 0, "", ""}};
    int rounds = 0;
    while (simulation.round(events) > 0) REQUIRE(++rounds < 300);
    CHECK(simulation.version().runs().size() <= 1);
  }
}
