// The C policy, driven through its tables: the language that a plugin is written in does not
// matter.
#include <kvhost/testing.hpp>

using namespace kvhost::testing;

namespace {

kvhost::Result<Component> make(FakeHost& host, Values values) {
  return Component::create(*find_component(kvhost_plugin_v1(), "flat"), host, std::move(values));
}

}  // namespace

KVHOST_TEST(the_youngest_runs_become_one) {
  FakeHost host;
  CompactionUnderTest policy(std::move(*make(host, {{"runs", "3"}, {"merge", "2"}})));
  TestTree tree;
  for (int i = 0; i < 3; ++i) tree.flush("a", "z");
  KVHOST_CHECK(policy.plan(tree)->jobs.empty());
  tree.flush("b", "y");
  const auto plan = policy.plan(tree);
  KVHOST_CHECK(plan->jobs.size() == 1);
  KVHOST_CHECK(plan->jobs.at(0).inputs.size() == 2);
  KVHOST_CHECK(plan->jobs.at(0).reason == "4 runs, at most 3 are left alone");
  KVHOST_CHECK(tree.apply(plan->jobs.at(0)).is_ok());
  KVHOST_CHECK(tree.runs.size() == 3);
}

KVHOST_TEST(files_at_work_are_left_alone) {
  FakeHost host;
  CompactionUnderTest policy(std::move(*make(host, {{"runs", "1"}, {"merge", "2"}})));
  TestTree tree;
  tree.flush("a", "z");
  tree.flush("a", "z").busy = true;
  KVHOST_CHECK(policy.plan(tree)->jobs.empty());
}

KVHOST_TEST(options_that_contradict_each_other_are_told) {
  FakeHost host;
  const auto made = make(host, {{"runs", "2"}, {"merge", "4"}});
  KVHOST_CHECK(!made);
  KVHOST_CHECK(made.error().message() == "merge: must not be above runs + 1");
}

KVHOST_TEST_MAIN()
