// Calls complete exactly once, whoever comes first: the work, the deadline, a cancel, the stop.
#include <random>
#include <thread>

#include "store/pending_call.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

Call with_deadline(const StoreFixture& node, std::chrono::nanoseconds from_now) {
  Call call = node.call();
  call.deadline_ns = monotonic_ns() + static_cast<uint64_t>(from_now.count());
  return call;
}

}  // namespace

TEST_CASE("a deadline that has passed refuses at once") {
  StoreFixture node;
  Call late = node.call();
  late.deadline_ns = 1;
  CHECK(node.finished(node.start_read(late, {"k"})).status.code() == StatusCode::DEADLINE_EXCEEDED);
  CHECK(node.finished(node.start_write(late, put_request("k", "v"))).status.code() ==
        StatusCode::DEADLINE_EXCEEDED);
  CHECK(node.get("k") == "(absent)");
}

TEST_CASE("a write whose deadline passes under way is OUTCOME_UNKNOWN, once") {
  StoreFixture node;
  node.engine->hold_answers = true;
  const auto write = node.start_write(with_deadline(node, 20ms), put_request("k", "v"));
  write->wait();
  CHECK(write->status.code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(node.facade->counters().in_flight_write_bytes > 0);
  CHECK(node.engine->release() == 1);
  CHECK(write->completions.value() == 1);
  CHECK(eventually([&] { return node.facade->counters().in_flight_write_bytes == 0; }));
}

TEST_CASE("the node's request_timeout holds where a call names no deadline") {
  StoreSettings settings;
  settings.request_timeout = 30ms;
  StoreFixture node(settings);
  node.engine->hold_answers = true;
  const auto write = node.start_write(node.call(), put_request("k", "v"));
  write->wait();
  CHECK(write->status.code() == StatusCode::OUTCOME_UNKNOWN);
}

TEST_CASE("a read that waits past its deadline had no effect and says so") {
  Counter inside;
  Counter go_on;
  StoreFixture node;
  node.put("k", "v");
  node.engine->needs_disk = true;
  node.engine->on_disk_read = [&] {
    inside.add();
    go_on.wait_for(1);
  };
  const auto read = node.start_read(with_deadline(node, 20ms), {"k"});
  inside.wait_for(1);
  read->wait();
  CHECK(read->status.code() == StatusCode::DEADLINE_EXCEEDED);
  go_on.add();
  CHECK(node.get("k") == "v");
  CHECK(read->completions.value() == 1);
  CHECK(read->rows.empty());
}

TEST_CASE("cancel hastens the call with the token, and no other") {
  StoreFixture node;
  node.engine->hold_answers = true;
  Call first = node.call();
  first.token = 1;
  Call second = node.call();
  second.token = 2;
  const auto write_1 = node.start_write(first, put_request("a", "v"));
  const auto write_2 = node.start_write(second, put_request("b", "v"));
  node.store().cancel(node.session, 1);
  CHECK(write_1->completions.value() == 1);
  CHECK(write_1->status.code() == StatusCode::OUTCOME_UNKNOWN);
  node.store().cancel(node.session + 1, 2);
  node.store().cancel(node.session, 0);
  CHECK(write_2->completions.value() == 0);
  node.engine->release();
  write_2->wait();
  CHECK(write_2->status.is_ok());
  CHECK(write_1->completions.value() == 1);
}

TEST_CASE("a full read lane is OVERLOADED, inside the call") {
  Counter inside;
  Counter go_on;
  StoreFixture node;  // two threads, 64 places
  node.put("k", "v");
  node.engine->needs_disk = true;
  node.engine->on_disk_read = [&] {
    inside.add();
    go_on.wait_for(1);
  };
  std::vector<AnswerPtr> reads;
  for (int i = 0; i < 2; ++i) reads.push_back(node.start_read(node.call(), {"k"}));
  inside.wait_for(2);
  for (int i = 0; i < 64; ++i) reads.push_back(node.start_read(node.call(), {"k"}));
  const auto refused = node.start_read(node.call(), {"k"});
  CHECK(refused->completions.value() == 1);
  CHECK(refused->status.code() == StatusCode::OVERLOADED);
  go_on.add();
  for (const auto& read : reads) {
    read->wait();
    CHECK(read->status.is_ok());
  }
}

TEST_CASE("before it serves and when it drains the store refuses, but says how it is") {
  StoreFixture node;
  TimerService timer;
  ExecutorService executor({{1, 4}, {1, 4}});
  StoreFacade starting({}, timer, executor);
  CHECK(starting.store().open_session("test", "x").error().code() == StatusCode::STARTING);
  CHECK(starting.store().info("health").has_value());
  CHECK(starting.store().info("stats").error().code() == StatusCode::STARTING);
  CHECK_THAT(*starting.store().info("ready"), Catch::Matchers::Contains("\"ready\":false"));

  const auto cursor = node.store().open_cursor(node.call(), {});
  node.engine->hold_answers = true;
  const auto write = node.start_write(node.call(), put_request("k", "v"));
  // What is under way ends, and the drain with it.
  std::thread helper([&] { node.engine->release(); });
  node.facade->drain(std::chrono::steady_clock::now() + 10s);
  CHECK(write->status.is_ok());
  helper.join();
  CHECK(node.finished(node.start_read(node.call(), {"k"})).status.code() == StatusCode::DRAINING);
  CHECK(node.finished(node.start_page(node.call(), *cursor, 1)).status.code() ==
        StatusCode::DRAINING);
  CHECK(node.store().open_session("test", "x").error().code() == StatusCode::DRAINING);
  CHECK(node.run_command("flush")->status.code() == StatusCode::DRAINING);
}

TEST_CASE("at its deadline the drain completes what is left") {
  StoreFixture node;
  node.engine->hold_answers = true;
  const auto write = node.start_write(node.call(), put_request("k", "v"));
  const auto started = std::chrono::steady_clock::now();
  node.facade->drain(started + 30ms);
  CHECK(std::chrono::steady_clock::now() - started >= 30ms);
  CHECK(write->completions.value() == 1);
  CHECK(write->status.code() == StatusCode::OUTCOME_UNKNOWN);
}

TEST_CASE("a command that takes long does not hold up the stop") {
  Counter inside;
  Counter go_on;
  StoreFixture node;
  node.engine->on_compact = [&] {
    inside.add();
    go_on.wait_for(1);
  };
  auto answer = std::make_shared<Answer>();
  node.store().command(node.call(), "compact", "", [answer](const Status& status, std::string) {
    answer->status = status;
    answer->completions.add();
  });
  inside.wait_for(1);
  node.facade->stop();
  CHECK(answer->status.code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(node.engine->close().is_ok());
  go_on.add();
  node.executor.stop();
  CHECK(answer->completions.value() == 1);
}

TEST_CASE("deadlines beyond all clocks are taken as they are meant") {
  StoreFixture node;
  Call patient = node.call();
  patient.deadline_ns = UINT64_MAX;
  const auto write = node.start_write(patient, put_request("k", "v"));
  write->wait();
  CHECK(write->status.to_string() == Status().to_string());
  node.engine->needs_disk = true;
  const auto read = node.start_read(patient, {"k"});
  read->wait();
  CHECK(read->status.to_string() == Status().to_string());
}

TEST_CASE("stop completes what is pending and gives every resource back") {
  StoreFixture node;
  node.put("k", "v");
  REQUIRE(node.store().open_snapshot(node.call()).has_value());
  REQUIRE(node.store().open_cursor(node.call(), {}).has_value());
  node.engine->hold_answers = true;
  const auto write = node.start_write(node.call(), put_request("k", "w"));
  node.facade->stop();
  CHECK(write->completions.value() == 1);
  CHECK(write->status.code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(node.facade->counters().snapshots == 0);
  CHECK(node.facade->counters().cursors == 0);
  CHECK(node.facade->store().info("stats").error().code() == StatusCode::DRAINING);
  // The engine's answer comes after the store is gone.
  node.facade.reset();
  CHECK(node.engine->release() == 1);
  CHECK(write->completions.value() == 1);
  node.facade = std::make_unique<StoreFacade>(StoreSettings{}, node.timer, node.executor);
}

TEST_CASE("under races of work, deadlines, cancels and the stop each call completes once") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  for (int round = 0; round < 3; ++round) {
    StoreFixture node;
    node.put("k", "v");
    node.engine->needs_disk = true;
    std::vector<std::vector<AnswerPtr>> answers(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < answers.size(); ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(static_cast<uint32_t>(seed + t + 10 * static_cast<std::size_t>(round)));
        const auto session = node.store().open_session("test", "racer");
        if (!session) return;
        for (uint64_t i = 1; i <= 250; ++i) {
          Call call = node.call();
          call.session = *session;
          call.token = i;
          if (random() % 3 == 0) call.deadline_ns = monotonic_ns() + random() % 2'000'000;
          if (random() % 2 == 0) {
            answers[t].push_back(node.start_read(call, {"k", "x"}));
          } else if (random() % 4 == 0) {
            const std::string id = "id" + std::to_string(random() % 8);
            call.request_id = id;
            WriteRequest request;
            request.increment("n", 1);
            answers[t].push_back(node.start_write(call, request));
          } else {
            answers[t].push_back(node.start_write(call, put_request("k", "w")));
          }
          if (random() % 2 == 0) node.store().cancel(*session, i - random() % 3);
          if (random() % 50 == 0) node.engine->hold_answers = !node.engine->hold_answers;
          if (random() % 20 == 0) node.engine->release();
        }
      });
    }
    std::this_thread::yield();
    if (round > 0) node.facade->drain(std::chrono::steady_clock::now() + 5ms);
    for (auto& thread : threads) thread.join();
    node.engine->hold_answers = false;
    node.engine->release();
    node.facade->stop();
    node.engine->release();
    for (const auto& list : answers) {
      for (const auto& answer : list) CHECK(answer->completions.value() == 1);
    }
    CHECK(eventually([&] { return node.facade->counters().in_flight_write_bytes == 0; }));
  }
}

}  // namespace kvhost::host::testing
