// Questions over the real port, with a store in memory.
#include <kvhost/testing.hpp>

using namespace kvhost::testing;

namespace {

struct Trial {
  explicit Trial(Completion completion = Completion::kThread) : store(completion) {
    store.put("apple", "red and green");
    KVHOST_CHECK(transport.component().start().is_ok());
  }
  std::string ask(const std::string& question) {
    auto client = TestClient::connect(transport.addresses()[0]);
    if (!client) return client.error().message();
    client->send(question);
    return client->read_all();
  }

  FakeStore store;
  FakeHost host{store.table()};
  TransportUnderTest transport{Component::create(*find_component(kvhost_plugin_v1(), "finger"),
                                                 host, {{"listen", "127.0.0.1:0"}})
                                   .value()};
};

}  // namespace

KVHOST_TEST(a_key_is_answered_with_its_value) {
  Trial trial;
  KVHOST_CHECK(trial.ask("apple\n") == "red and green\n");
  KVHOST_CHECK(trial.ask("apple\r\n") == "red and green\n");
  KVHOST_CHECK(trial.ask("pear\n") == "no such key\n");
}

KVHOST_TEST(a_failure_of_the_store_is_told) {
  Trial trial;
  trial.store.fail_next({kvhost::StatusCode::STARTING, "not yet"});
  KVHOST_CHECK(trial.ask("apple\n") == "starting: not yet\n");
}

KVHOST_TEST(a_question_without_end_is_cut_off) {
  Trial trial;
  KVHOST_CHECK(trial.ask(std::string(1 << 20, 'x')).empty());
}

KVHOST_TEST(who_has_asked_is_answered_before_the_drain_ends) {
  Trial trial(Completion::kThread);
  auto idle = TestClient::connect(trial.transport.addresses()[0]);
  KVHOST_CHECK(trial.ask("apple\n") == "red and green\n");
  KVHOST_CHECK(trial.transport.component().drain(std::chrono::seconds(10)).is_ok());
  KVHOST_CHECK(idle->is_closed_by_peer());
  KVHOST_CHECK(trial.store.open_sessions() == 0);
}

KVHOST_TEST_MAIN()
