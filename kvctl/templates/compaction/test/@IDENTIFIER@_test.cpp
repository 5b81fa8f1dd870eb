// What @NAME@ decides for trees made by hand: no node is needed.
#include "@IDENTIFIER@.hpp"

#include <array>
#include <cstdio>

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "does not hold: %s\n", what);
}

// A tree of `count` runs of level 0 with one file each.
std::size_t jobs_for(std::size_t count, bool busy) {
  std::array<kvhost::FileView, 8> files;
  std::array<kvhost::RunView, 8> runs;
  for (std::size_t i = 0; i < count; ++i) {
    files[i].id = i + 1;
    files[i].busy = busy && i == 0;
    runs[i].id = i + 1;
    runs[i].files = std::span(&files[i], 1);
  }
  kvhost::TreeView tree;
  tree.runs = std::span(runs.data(), count);
  @CLASS@ policy(4);
  const auto plan = policy.plan(tree, {}, kvhost::Deadline::max());
  expect(plan.has_value(), "plan() gives a plan");
  if (!plan->jobs.empty()) {
    expect(plan->jobs[0].inputs.size() == count, "every file of the level is an input");
    expect(plan->jobs[0].target_level == 1, "the result goes one level down");
  }
  return plan->jobs.size();
}

}  // namespace

int main() {
  expect(jobs_for(0, false) == 0, "nothing to do in an empty tree");
  expect(jobs_for(3, false) == 0, "three runs are left alone");
  expect(jobs_for(4, false) == 1, "four runs are merged");
  expect(jobs_for(4, true) == 0, "files at work are left alone");
  return failures == 0 ? 0 : 1;
}
