// What @NAME@ does with proposals: on a state machine that keeps what was applied.
#include <kvhost/testing.hpp>

using namespace kvhost::testing;
using kvhost::StatusCode;

namespace {

struct Trial {
  explicit Trial(Values values = {})
      : strategy(
            Component::create(*find_component(kvhost_plugin_v1(), "@NAME@"), host, std::move(values))
                .value()) {}

  FakeHost host;
  FakeStateMachine machine;
  ReplicationUnderTest strategy;
};

}  // namespace

KVHOST_TEST(batches_are_applied_in_order_each_once) {
  Trial trial;
  KVHOST_CHECK(trial.strategy.attach(trial.machine).is_ok());
  std::vector<std::string> sent;
  std::shared_ptr<Proposal> last;
  for (int i = 0; i < 100; ++i) {
    sent.push_back("batch " + std::to_string(i));
    last = trial.strategy.propose({sent.back()});
  }
  KVHOST_CHECK(last->wait());
  KVHOST_CHECK(last->status().is_ok());
  KVHOST_CHECK(last->indexes.at(0) == 100);
  KVHOST_CHECK(trial.machine.batches() == sent);
  KVHOST_CHECK(trial.machine.faults().empty());
}

KVHOST_TEST(a_read_is_served_from_what_is_applied) {
  Trial trial;
  KVHOST_CHECK(trial.strategy.attach(trial.machine).is_ok());
  KVHOST_CHECK(trial.strategy.propose({"one", "two"})->wait());
  KVHOST_CHECK(trial.strategy.read_barrier(KVH_READ_LINEARIZABLE)->index == 2);
  KVHOST_CHECK(trial.machine.role() == KVH_ROLE_LEADER);
}

KVHOST_TEST(what_was_accepted_is_applied_before_stop_returns) {
  Trial trial;
  KVHOST_CHECK(trial.strategy.attach(trial.machine).is_ok());
  std::vector<std::shared_ptr<Proposal>> all;
  for (int i = 0; i < 50; ++i) all.push_back(trial.strategy.propose({"x"}));
  trial.strategy.component().stop();
  for (const auto& proposal : all) KVHOST_CHECK(proposal->count() == 1);
  KVHOST_CHECK(trial.machine.batches().size() == 50);
  const auto late = trial.strategy.propose({"late"});
  KVHOST_CHECK(late->status().code() == StatusCode::DRAINING);
}

KVHOST_TEST(a_state_machine_that_fails_is_told) {
  Trial trial;
  KVHOST_CHECK(trial.strategy.attach(trial.machine).is_ok());
  trial.machine.fail_apply(KVH_IO_ERROR);
  const auto proposal = trial.strategy.propose({"x"});
  KVHOST_CHECK(proposal->wait());
  KVHOST_CHECK(proposal->status().code() == StatusCode::IO_ERROR);
}

KVHOST_TEST_MAIN()
