// Clients that are slow, on purpose or not.
#include <catch2/catch.hpp>

#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http;
using namespace kvhost::http::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a head that drips is answered 408, however steadily it drips") {
  SessionHarness http;
  const std::string head = "GET /k HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 11 && !http.session->finished(); ++i) {
    http.send(head.substr(static_cast<std::size_t>(i), 1));
    http.loop.advance(seconds(1));
    http.session->tick();
    http.settle();
  }
  const auto answers = http.answers();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].status == 408);
  CHECK(answers[0].code() == "request-timeout");
  CHECK(http.session->finished());
}

TEST_CASE("a body that drips is answered 408, one that flows has the time it needs") {
  auto limits = small_limits();
  limits.max_value_bytes = 8 << 20;
  const std::string head =
      "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: ";
  SessionHarness slow(Completion::kAtOnce, limits);
  slow.send(head + "1000\r\n\r\n");
  for (int i = 0; i < 31; ++i) {
    slow.send("x");
    slow.loop.advance(seconds(1));
    slow.session->tick();
    slow.settle();
  }
  CHECK(slow.answers().at(0).status == 408);

  SessionHarness steady(Completion::kAtOnce, limits);
  steady.send(head + "983040\r\n\r\n");
  for (int i = 0; i < 15; ++i) {
    steady.send(std::string(65'536, 'x'));
    steady.loop.advance(milliseconds(2900));
    steady.session->tick();
    steady.settle();
  }
  CHECK(steady.answers().at(0).status == 200);  // after 40 s
}

TEST_CASE("an idle connection ends without a word, an answered one gets its time anew") {
  SessionHarness http;
  http.loop.advance(seconds(59));
  http.session->tick();
  CHECK(http.ask("GET", "/k").status == 404);
  http.loop.advance(seconds(59));
  http.session->tick();
  CHECK_FALSE(http.session->finished());
  http.loop.advance(seconds(1));
  http.session->tick();
  CHECK(http.session->finished());
  CHECK(http.out.empty());
}

TEST_CASE("time that the store takes is not the client's") {
  SessionHarness http(Completion::kManual);
  http.send(SessionHarness::request("GET", "/k"));
  CHECK_FALSE(http.session->deadline());
  http.loop.advance(std::chrono::hours(1));
  http.session->tick();
  CHECK_FALSE(http.session->finished());
  http.store.complete_all();
  http.settle();
  CHECK(http.answers().size() == 1);
}
