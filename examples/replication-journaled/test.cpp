// What is acknowledged is in the journal, and comes back from it.
#include <kvhost/testing.hpp>

using namespace kvhost::testing;
using kvhost::StatusCode;

namespace {

ReplicationUnderTest make(FakeHost& host) {
  return ReplicationUnderTest(
      Component::create(*find_component(kvhost_plugin_v1(), "journaled"), host).value());
}

}  // namespace

KVHOST_TEST(a_new_state_is_filled_from_the_journal) {
  FakeHost host;
  std::vector<std::string> sent;
  {
    FakeStateMachine machine;
    auto strategy = make(host);
    KVHOST_CHECK(strategy.attach(machine).is_ok());
    for (int i = 0; i < 100; ++i) {
      sent.push_back("batch " + std::to_string(i));
      const auto proposal = strategy.propose({sent.back()});
      KVHOST_CHECK(proposal->wait());
      KVHOST_CHECK(proposal->status().is_ok());
    }
  }
  FakeStateMachine empty;
  auto strategy = make(host);
  KVHOST_CHECK(strategy.attach(empty).is_ok());
  KVHOST_CHECK(empty.batches() == sent);
  KVHOST_CHECK(empty.faults().empty());
}

KVHOST_TEST(the_journal_is_cut_when_the_state_is_durable) {
  FakeHost host;
  FakeStateMachine machine;
  auto strategy = make(host);
  KVHOST_CHECK(strategy.attach(machine).is_ok());
  KVHOST_CHECK(strategy.propose({"a", "b", "c"})->wait());
  KVHOST_CHECK(host.journal().entries("journaled").size() == 3);
  machine.make_durable();
  KVHOST_CHECK(host.journal().entries("journaled").empty());
}

KVHOST_TEST(nothing_is_acknowledged_after_an_append_that_failed) {
  FakeHost host;
  FakeStateMachine machine;
  auto strategy = make(host);
  KVHOST_CHECK(strategy.attach(machine).is_ok());
  host.journal().fail_next(KVH_IO_ERROR);
  for (int i = 0; i < 2; ++i) {
    const auto proposal = strategy.propose({"x"});
    KVHOST_CHECK(proposal->wait());
    KVHOST_CHECK(proposal->status().code() == StatusCode::OUTCOME_UNKNOWN);
  }
  KVHOST_CHECK(machine.batches().empty());
}

KVHOST_TEST_MAIN()
