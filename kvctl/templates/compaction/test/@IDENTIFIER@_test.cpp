// What @NAME@ decides for trees made by hand: no node is needed.
#include <kvhost/testing.hpp>

using namespace kvhost::testing;

namespace {

CompactionUnderTest make_policy(FakeHost& host) {
  const auto* const descriptor = find_component(kvhost_plugin_v1(), "@NAME@");
  return CompactionUnderTest(Component::create(*descriptor, host, {{"runs", "4"}}).value());
}

TestTree tree_of(int flushes) {
  TestTree tree;
  for (int i = 0; i < flushes; ++i) tree.flush("a", "z");
  return tree;
}

}  // namespace

KVHOST_TEST(a_few_runs_are_left_alone) {
  FakeHost host;
  auto policy = make_policy(host);
  for (int runs = 0; runs < 4; ++runs) {
    auto tree = tree_of(runs);
    KVHOST_CHECK(policy.plan(tree)->jobs.empty());
  }
}

KVHOST_TEST(enough_runs_become_one_of_the_next_level) {
  FakeHost host;
  auto policy = make_policy(host);
  auto tree = tree_of(4);
  const auto plan = policy.plan(tree);
  KVHOST_CHECK(plan->jobs.size() == 1);
  KVHOST_CHECK(tree.apply(plan->jobs.at(0)).is_ok());  // as the engine would
  KVHOST_CHECK(tree.runs.size() == 1);
  KVHOST_CHECK(tree.runs.at(0).level == 1);
}

KVHOST_TEST(files_at_work_are_left_alone) {
  FakeHost host;
  auto policy = make_policy(host);
  auto tree = tree_of(4);
  tree.runs[2].files[0].busy = true;
  KVHOST_CHECK(policy.plan(tree)->jobs.empty());
}

KVHOST_TEST(the_log_says_what_was_configured) {
  FakeHost host;
  const auto policy = make_policy(host);
  KVHOST_CHECK(host.logged("merges 4 runs at once"));
}

KVHOST_TEST_MAIN()
