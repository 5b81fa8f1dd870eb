// Many requests on one connection: answered in order, however the store completes; limited in
// number and in bytes.
#include <catch2/catch.hpp>
#include <thread>

#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http;
using namespace kvhost::http::testing;

namespace {

std::string get(const std::string& key) { return SessionHarness::request("GET", "/" + key); }
std::string put(const std::string& key, const std::string& value) {
  return SessionHarness::request("PUT", "/" + key, "", "{\"value\":\"" + value + "\"}");
}
std::string value_of(const Answer& answer) {
  return std::string(answer.json().at("value").as_string());
}

}  // namespace

TEST_CASE("reads run beside each other and are answered in the order asked") {
  SessionHarness http(Completion::kManual);
  for (const char* key : {"a", "b", "c"}) http.store.put(key, key);
  http.send(get("a") + get("b") + get("c"));
  REQUIRE(http.store.pending() == 3);
  CHECK(http.store.complete_one(2));
  CHECK(http.store.complete_one(1));
  http.settle();
  CHECK(http.out.empty());
  CHECK(http.store.complete_one(0));
  http.settle();
  const auto answers = http.answers();
  REQUIRE(answers.size() == 3);
  CHECK(value_of(answers[0]) == "a");
  CHECK(value_of(answers[1]) == "b");
  CHECK(value_of(answers[2]) == "c");
}

TEST_CASE("a write waits for what was asked before it, and the rest waits for the write") {
  SessionHarness http(Completion::kManual);
  http.store.put("k", "old");
  http.send(get("k") + put("k", "new") + get("k") + get("k"));
  CHECK(http.store.pending() == 1);
  http.store.complete_one();
  http.settle();
  CHECK(http.store.pending() == 1);
  http.store.complete_one();
  http.settle();
  CHECK(http.store.pending() == 2);
  http.store.complete_all();
  http.settle();
  const auto answers = http.answers();
  REQUIRE(answers.size() == 4);
  CHECK(value_of(answers[0]) == "old");
  CHECK(answers[1].status == 200);
  CHECK(value_of(answers[2]) == "new");
  CHECK(value_of(answers[3]) == "new");
}

TEST_CASE("a thousand pipelined requests keep their order over a store with a thread") {
  SessionHarness http(Completion::kThread);
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += put("n", std::to_string(i)) + get("n");
  }
  http.send(requests);
  std::vector<Answer> answers;
  while (answers.size() < 1000) {
    http.settle();
    if (http.out.empty()) std::this_thread::yield();
    for (auto& answer : http.answers()) answers.push_back(std::move(answer));
  }
  for (int i = 0; i < 500; ++i) {
    REQUIRE(value_of(answers[static_cast<std::size_t>(2 * i + 1)]) == std::to_string(i));
  }
}

TEST_CASE("no more requests are taken in than may be in flight") {
  SessionHarness http(Completion::kManual);
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get("k");
  http.send(requests);
  CHECK(http.store.pending() == 8);
  CHECK_FALSE(http.session->wants_input());
  CHECK_FALSE(http.session->deadline());
  http.store.complete_one();
  http.settle();
  CHECK(http.store.pending() == 8);
  while (http.store.pending() != 0) {
    http.store.complete_all();
    http.settle();
  }
  CHECK(http.answers().size() == 20);
  CHECK(http.session->wants_input());
}

TEST_CASE("a client that does not read is not read from, and is cut off in time") {
  auto limits = small_limits();
  limits.max_value_bytes = 600 << 10;
  SessionHarness http(Completion::kAtOnce, limits);
  http.store.put("big", std::string(600 << 10, 'x'));
  std::string requests;
  for (int i = 0; i < 8; ++i) requests += get("big");
  http.session->receive(requests);
  CHECK(http.store.calls() == 2);
  CHECK_FALSE(http.session->wants_input());
  REQUIRE(http.session->deadline());
  http.loop.advance(limits.write_timeout - std::chrono::seconds(1));
  http.session->note_written(1000);
  http.loop.advance(std::chrono::seconds(2));
  http.session->tick();
  CHECK_FALSE(http.session->aborted());
  http.loop.advance(limits.write_timeout);
  http.session->tick();
  CHECK(http.session->aborted());
}

TEST_CASE("a client that reads slowly is not late with requests that it has sent") {
  auto limits = small_limits();
  limits.max_value_bytes = 600 << 10;
  SessionHarness http(Completion::kAtOnce, limits);
  http.store.put("big", std::string(600 << 10, 'x'));
  std::string requests;
  for (int i = 0; i < 8; ++i) requests += get("big");
  http.session->receive(requests);
  for (int i = 0; i < 60; ++i) {
    http.loop.advance(std::chrono::seconds(1));
    http.session->note_written(12 << 10);
    http.session->tick();
  }
  CHECK_FALSE(http.session->finished());
  http.settle();
  const auto answers = http.answers();
  CHECK(answers.size() == 8);
  CHECK(answers.back().status == 200);
}

TEST_CASE("Connection: close ends the session after its answer") {
  SessionHarness http;
  const auto answers =
      http.send_all(SessionHarness::request("GET", "/a", "Connection: close\r\n") + get("b"));
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].header("connection") == "close");
  CHECK(http.session->finished());
}

TEST_CASE("HTTP/1.0 closes unless asked to keep alive") {
  SessionHarness once;
  CHECK(once.send_all("GET /a HTTP/1.0\r\n\r\n").at(0).header("connection") == "close");
  CHECK(once.session->finished());
  SessionHarness kept;
  CHECK(kept.send_all("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .at(0)
            .header("connection") == "keep-alive");
  CHECK_FALSE(kept.session->finished());
}

TEST_CASE("a peer that sends no more still gets its answers") {
  SessionHarness http(Completion::kManual);
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get("k");
  http.send(requests);
  http.session->receive_end();
  while (http.store.pending() != 0) {
    http.store.complete_all();
    http.settle();
  }
  const auto answers = http.answers();
  CHECK(answers.size() == 20);
  CHECK(answers.back().header("connection") == "close");
  CHECK(http.session->finished());
}

TEST_CASE(
    "a client that goes withdraws its calls; the store's session ends with the last of them") {
  SessionHarness http(Completion::kManual);
  http.send(get("a") + get("b"));
  CHECK(http.store.pending() == 2);
  http.session->close();
  http.session.reset();
  CHECK(http.store.cancels() == 2);
  CHECK(http.store.open_sessions() == 1);
  http.store.complete_all();
  http.loop.run();
  CHECK(http.store.open_sessions() == 0);
  http.session = std::make_shared<HttpSession>(http.service, "127.0.0.1:5001");
}

TEST_CASE("a drain finishes what was taken and tells the client to go") {
  SessionHarness idle;
  idle.session->drain();
  CHECK(idle.session->finished());

  SessionHarness busy(Completion::kManual);
  busy.send(get("a") + get("b"));
  busy.session->drain();
  CHECK_FALSE(busy.session->finished());
  CHECK_FALSE(busy.session->wants_input());
  busy.store.complete_all();
  busy.settle();
  const auto answers = busy.answers();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].header("connection").empty());
  CHECK(answers[1].header("connection") == "close");
  CHECK(busy.session->finished());

  SessionHarness half;
  const std::string request = put("k", "v");
  half.send(request.substr(0, request.size() - 3));
  half.session->drain();
  half.store.refuse_sessions({StatusCode::DRAINING, "no new sessions"});
  CHECK_FALSE(half.session->finished());
  half.send(request.substr(request.size() - 3));
  const auto finished = half.answers();
  CHECK(finished.at(0).status == 200);
  CHECK(finished[0].header("connection") == "close");
  CHECK(half.session->finished());
}
