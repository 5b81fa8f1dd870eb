// @NAME@ over its real port, on a store in memory.
#include <kvhost/testing.hpp>

using namespace kvhost::testing;

namespace {

struct Trial {
  explicit Trial(Completion completion = Completion::kAtOnce) : store(completion) {
    KVHOST_CHECK(transport.component().start().is_ok());
  }
  TestClient connect() { return std::move(TestClient::connect(transport.addresses()[0]).value()); }

  FakeStore store;
  FakeHost host{store.table()};
  TransportUnderTest transport{
      Component::create(*find_component(kvhost_plugin_v1(), "@NAME@"), host,
                        {{"listen", "127.0.0.1:0"}, {"max_line", "64B"}})
          .value()};
};

}  // namespace

KVHOST_TEST(keys_are_written_read_and_deleted) {
  Trial trial;
  auto client = trial.connect();
  client.send("SET apple red and green\nGET apple\nDEL apple\nDEL apple\nGET apple\n");
  KVHOST_CHECK(client.read_line() == "STORED 1");
  KVHOST_CHECK(client.read_line() == "VALUE red and green");
  KVHOST_CHECK(client.read_line() == "DELETED");
  KVHOST_CHECK(client.read_line() == "ABSENT");
  KVHOST_CHECK(client.read_line() == "ABSENT");
}

KVHOST_TEST(replies_keep_the_order_of_the_requests) {
  Trial trial(Completion::kThread);
  auto client = trial.connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += "SET k" + std::to_string(i) + " v\n";
  client.send(requests);
  for (int i = 1; i <= 200; ++i) {
    KVHOST_CHECK(client.read_line() == "STORED " + std::to_string(i));
  }
}

KVHOST_TEST(what_is_no_request_is_refused) {
  Trial trial;
  auto client = trial.connect();
  client.send("HELLO\n\nGET\n");
  for (int i = 0; i < 3; ++i) KVHOST_CHECK(client.read_line().starts_with("ERROR expected"));
  client.send(std::string(1000, 'x'));
  KVHOST_CHECK(client.read_line() == "ERROR a line has at most 64 bytes");
  KVHOST_CHECK(client.is_closed_by_peer());
}

KVHOST_TEST(a_failure_of_the_store_is_told) {
  Trial trial;
  trial.store.fail_next({kvhost::StatusCode::NO_SPACE, "the disk is full"});
  auto client = trial.connect();
  client.send("SET a b\n");
  KVHOST_CHECK(client.read_line() == "ERROR no-space: the disk is full");
}

KVHOST_TEST(a_drain_answers_what_was_asked) {
  Trial trial(Completion::kThread);
  auto client = trial.connect();
  client.send("SET a b\n");
  KVHOST_CHECK(client.read_line() == "STORED 1");
  KVHOST_CHECK(trial.transport.component().drain(std::chrono::seconds(10)).is_ok());
  KVHOST_CHECK(client.is_closed_by_peer());
  KVHOST_CHECK(!TestClient::connect(trial.transport.addresses()[0]));
  KVHOST_CHECK(trial.store.open_sessions() == 0);
}

KVHOST_TEST_MAIN()
