// A policy against an oracle: the engine's own rules, on trees that a seed draws.
#include <algorithm>
#include <set>
#include <string>

#include "kind_checks.hpp"
#include "kvhost/testing/under_test.hpp"
#include "random_tree.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using testing::CompactionUnderTest;
using testing::TestTree;

constexpr int kTrees = 300;

std::string round_text(int round, const Subject& subject) {
  return "tree " + std::to_string(round) + " of seed " + std::to_string(subject.seed) + ": ";
}

// Runs `body(policy)` on the component.
template <typename Body>
void with_policy(const Subject& subject, Report& report, Body body) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  testing::FakeHost host;
  auto component = create_subject(subject, *descriptor, host, report);
  if (!component) return;
  CompactionUnderTest policy(std::move(*component));
  body(policy);
}

std::vector<TreeEvent> random_events(RandomTree& random) {
  std::vector<TreeEvent> events = {{TreeEventType::kFlushDone, 1, {}, {}}};
  const auto any = 1 + random.below(9);
  events.push_back({static_cast<TreeEventType>(any), 1, {}, {}});
  if (random.below(3) == 0) events.push_back({TreeEventType::kManual, 0, {}, {}});
  if (random.below(3) == 0) events.push_back({TreeEventType::kManual, 0, "b", "m"});
  return events;
}

// Every job of the plan may run on `tree`, and no two of them on the same file.
void expect_legal(const Plan& plan, const TestTree& tree, const std::string& where,
                  Report& report) {
  std::set<uint64_t> taken;
  for (const Job& job : plan.jobs) {
    const Status admitted = tree.check(job);
    const bool is_lossy = job.type == JobType::kDropOldestLossy;
    if (!admitted.is_ok() && !is_lossy) {
      report.fail(where + "the engine refuses a job: " + admitted.message());
    }
    for (const uint64_t input : job.inputs) {
      if (taken.insert(input).second) continue;
      report.fail(where + "two jobs of one plan name file " + std::to_string(input));
    }
    report.expect(!job.reason.empty(), where + "a job has no reason, which `kvctl lsm` would show");
  }
}

std::string text_of(const Plan& plan) {
  std::string text;
  for (const Job& job : plan.jobs) {
    text += std::to_string(static_cast<uint32_t>(job.type)) + " to " +
            std::to_string(job.target_level) + "/" + std::to_string(job.target_run) + ":";
    for (const uint64_t input : job.inputs) text += " " + std::to_string(input);
    text += ", ";
  }
  return text;
}

// Carries out plans until there is nothing to do. What loses data needs its owner's leave, and is
// left out.
Status come_to_rest(CompactionUnderTest& policy, TestTree& tree) {
  constexpr int kMostRounds = 3000;
  for (int round = 0; round < kMostRounds; ++round) {
    KVHOST_TRY_ASSIGN(auto plan, policy.plan(tree, {{TreeEventType::kFlushDone, 0, {}, {}}}));
    std::erase_if(plan.jobs, [](const Job& job) { return job.type == JobType::kDropOldestLossy; });
    if (plan.jobs.empty()) return {};
    // The engine puts off what an earlier job of the plan has made impossible.
    KVHOST_TRY(tree.apply(plan.jobs.front()).with_context("the engine refuses a job"));
    for (std::size_t i = 1; i < plan.jobs.size(); ++i) (void)tree.apply(plan.jobs[i]);
    if (const std::string fault = tree.fault(); !fault.empty()) {
      return {StatusCode::INTERNAL, fault};
    }
  }
  return {StatusCode::INTERNAL,
          "it still plans jobs after " + std::to_string(kMostRounds) + " rounds without a write"};
}

// The tree as a newer host would hand it over: every struct longer, the news full of ones.
class NewerTree {
 public:
  explicit NewerTree(TestTree& tree) {
    const kvh_tree& plain = tree.abi();
    files_.resize(plain.run_count);
    for (uint64_t r = 0; r < plain.run_count; ++r) {
      const kvh_run& run = plain.runs[r];
      for (uint64_t f = 0; f < run.file_count; ++f) files_[r].push_back({run.files[f], kNews});
      runs_.push_back({run, kNews});
      runs_.back().known.files = &files_[r].data()->known;
      runs_.back().known.file_stride = sizeof(Longer<kvh_file>);
    }
    tree_ = {plain, kNews};
    tree_.known.size = sizeof(tree_);
    tree_.known.runs = runs_.empty() ? nullptr : &runs_.data()->known;
    tree_.known.run_stride = sizeof(Longer<kvh_run>);
  }
  const kvh_tree& abi() const { return tree_.known; }

 private:
  static constexpr uint64_t kNews = ~uint64_t{0};
  template <typename T>
  struct Longer {
    T known;
    uint64_t news = kNews;
  };
  std::vector<std::vector<Longer<kvh_file>>> files_;
  std::vector<Longer<kvh_run>> runs_;
  Longer<kvh_tree> tree_{};
};

}  // namespace

void check_legal_jobs(const Subject& subject, Report& report) {
  with_policy(subject, report, [&](CompactionUnderTest& policy) {
    RandomTree random(subject.seed);
    std::size_t jobs = 0;
    for (int round = 0; round < kTrees && report.failures().size() < 5; ++round) {
      TestTree tree = random.draw();
      const auto plan = policy.plan(tree, random_events(random));
      const std::string where = round_text(round, subject);
      if (!plan) {
        report.fail(where + "plan failed: " + plan.error().to_string());
        continue;
      }
      jobs += plan->jobs.size();
      expect_legal(*plan, tree, where, report);
      const auto pressure = policy.pressure(tree);
      report.expect(pressure.has_value(), where + "pressure failed");
    }
    report.note(std::to_string(jobs) + " jobs");
  });
}

void check_same_plan(const Subject& subject, Report& report) {
  with_policy(subject, report, [&](CompactionUnderTest& policy) {
    RandomTree random(subject.seed + 1);
    for (int round = 0; round < kTrees / 3; ++round) {
      TestTree tree = random.draw();
      const auto first = policy.plan(tree);
      const auto second = policy.plan(tree);
      if (!first || !second) return report.fail(round_text(round, subject) + "plan failed");
      report.expect(text_of(*first) == text_of(*second),
                    round_text(round, subject) + "first " + text_of(*first) + "then " +
                        text_of(*second) + "for the same tree");
      if (!report.failures().empty()) return;
    }
  });
}

void check_convergence(const Subject& subject, Report& report) {
  with_policy(subject, report, [&](CompactionUnderTest& policy) {
    RandomTree random(subject.seed + 2);
    std::size_t most_runs = 0;
    for (int start = 0; start < 20; ++start) {
      TestTree tree = random.draw();
      tree.idle_workers = tree.max_workers;
      for (auto& run : tree.runs) {
        for (auto& file : run.files) file.busy = false;
      }
      for (int flush = 0; flush < 30; ++flush) {
        random.flush(tree);
        const Status rested = come_to_rest(policy, tree);
        if (!rested.is_ok()) {
          return report.fail("start " + std::to_string(start) + " of seed " +
                             std::to_string(subject.seed) + ": " + rested.message());
        }
        most_runs = std::max(most_runs, tree.runs.size());
      }
    }
    report.note("at most " + std::to_string(most_runs) + " runs at rest");
  });
}

void check_newer_tree(const Subject& subject, Report& report) {
  with_policy(subject, report, [&](CompactionUnderTest& policy) {
    RandomTree random(subject.seed + 3);
    const std::vector<TreeEvent> events = {{static_cast<TreeEventType>(4711), 0, {}, {}}};
    for (int round = 0; round < kTrees / 3; ++round) {
      TestTree tree = random.draw();
      const auto plain = policy.plan(tree, events, std::chrono::seconds(10));
      const NewerTree newer(tree);
      const auto longer = policy.plan(newer.abi(), events, std::chrono::seconds(10));
      if (!plain || !longer) return report.fail(round_text(round, subject) + "plan failed");
      report.expect(text_of(*plain) == text_of(*longer),
                    round_text(round, subject) +
                        "longer structs change the plan: arrays must be walked by their stride");
      if (!report.failures().empty()) return;
    }
  });
}

void check_large_tree(const Subject& subject, Report& report) {
  constexpr auto kDeadline = std::chrono::seconds(10);
  with_policy(subject, report, [&](CompactionUnderTest& policy) {
    TestTree tree;
    for (uint32_t level = 0; level < 5; ++level) {
      auto& run = tree.add_run(level);
      for (int i = 0; i < 4000; ++i) {
        const std::string key = std::to_string(100000 + i);
        tree.add_file(run, key + "a", key + "z");
      }
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto plan = policy.plan(tree, {}, kDeadline);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    if (!plan) return report.fail("plan failed: " + plan.error().to_string());
    expect_legal(*plan, tree, "", report);
    report.expect(took < kDeadline, "plan took " + std::to_string(took.count()) + " ms");
    report.note(std::to_string(took.count()) + " ms");
  });
}

}  // namespace kvhost::conformance
