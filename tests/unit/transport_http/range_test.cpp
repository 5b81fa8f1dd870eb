// GET /v1/kv: pages, cursors and streams.
#include <algorithm>
#include <catch2/catch.hpp>

#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http;
using namespace kvhost::http::testing;

namespace {

std::vector<std::string> keys_of(const Answer& answer) {
  std::vector<std::string> keys;
  const auto object = answer.json();
  for (const auto& item : object.at("items").as_array()) {
    keys.emplace_back(item.as_object().at("key").as_string());
  }
  return keys;
}
using Keys = std::vector<std::string>;

void fill(SessionHarness& http, int count) {
  for (int i = 0; i < count; ++i) {
    http.store.put("k" + std::to_string(1000 + i), "v" + std::to_string(i));
  }
}

// All keys, page by page.
Keys walk(SessionHarness& http, const std::string& parameters) {
  Keys all;
  std::string cursor;
  do {
    const auto page = http.ask("GET", "/v1/kv?" + parameters + "&cursor=" + cursor);
    REQUIRE(page.status == 200);
    for (auto& key : keys_of(page)) all.push_back(std::move(key));
    const auto object = page.json();
    cursor =
        object.contains("next_cursor") ? std::string(object.at("next_cursor").as_string()) : "";
  } while (!cursor.empty());
  return all;
}

const std::string kStream = "Accept: application/x-ndjson\r\n";

}  // namespace

TEST_CASE("a range is in key order, its end exclusive") {
  SessionHarness http;
  for (const char* key : {"b", "a", "c", "ab", "b2"}) http.store.put(key, "v");
  CHECK(keys_of(http.ask("GET", "/v1/kv")) == Keys{"a", "ab", "b", "b2", "c"});
  CHECK(keys_of(http.ask("GET", "/v1/kv?start=ab&end=c")) == Keys{"ab", "b", "b2"});
  CHECK(keys_of(http.ask("GET", "/v1/kv?prefix=b")) == Keys{"b", "b2"});
  CHECK(keys_of(http.ask("GET", "/v1/kv?prefix=b&start=b1")) == Keys{"b2"});
  CHECK(keys_of(http.ask("GET", "/v1/kv?reverse=true&limit=2")) == Keys{"c", "b2"});
  CHECK(keys_of(http.ask("GET", "/v1/kv?start=c&end=a")).empty());
  CHECK(keys_of(http.ask("GET", "/v1/kv?prefix=&start=&end=&limit=&cursor=")).size() == 5);
  CHECK(http.ask("GET", "/v1/kv?prefix=ab").body ==
        R"({"items":[{"key":"ab","value":"v","version":4}]})");
  CHECK(http.ask("GET", "/v1/kv?prefix=ab&keys_only").body ==
        R"({"items":[{"key":"ab","version":4}]})");
  CHECK(http.store.open_cursors() == 0);
}

TEST_CASE("prefixes end where bytes end") {
  SessionHarness http;
  for (const char* key : {"a\xff", "a\xff\xff", "b", "\xff", "\xff\xff"}) http.store.put(key, "v");
  CHECK(http.ask("GET", "/v1/kv?prefix=a%FF").json().at("items").as_array().size() == 2);
  CHECK(http.ask("GET", "/v1/kv?prefix=%FF").json().at("items").as_array().size() == 2);
  CHECK(http.ask("GET", "/v1/kv?prefix=%FF%FF").json().at("items").as_array().size() == 1);
}

TEST_CASE("cursors walk a range both ways, with and without its parameters") {
  SessionHarness http;
  fill(http, 25);
  http.store.put("z", "outside");
  Keys forward = walk(http, "prefix=k&limit=4");
  CHECK(forward.size() == 25);
  Keys backward = walk(http, "prefix=k&limit=4&reverse=true");
  std::reverse(backward.begin(), backward.end());
  CHECK(forward == backward);
  CHECK(walk(http, "prefix=k&limit=5") == forward);
  CHECK(walk(http, "prefix=k&limit=25") == forward);

  const auto first = http.ask("GET", "/v1/kv?prefix=k&limit=20").json();
  const std::string cursor(first.at("next_cursor").as_string());
  CHECK(keys_of(http.ask("GET", "/v1/kv?cursor=" + cursor)).size() == 5);
  CHECK(http.ask("GET", "/v1/kv?reverse=true&cursor=" + cursor).status == 400);
}

TEST_CASE("a page has 100 rows unless asked otherwise, never above 10000") {
  SessionHarness http;
  fill(http, 150);
  const auto page = http.ask("GET", "/v1/kv");
  CHECK(keys_of(page).size() == 100);
  CHECK(page.json().contains("next_cursor"));
  for (const std::string bad : {"0", "10001", "-1", "ten", "1.5"}) {
    CHECK(http.ask("GET", "/v1/kv?limit=" + bad).status == 400);
  }
  for (const std::string bad :
       {"!", "AAAA", "AQAFAAAAAAAAAA", "AQgBAAAAAAAAAGE", "AQD_________wBh"}) {
    INFO(bad);
    CHECK(http.ask("GET", "/v1/kv?cursor=" + bad).status == 400);
  }
  CHECK(http.ask("GET", "/v1/kv?reverse=maybe").status == 400);
  CHECK(http.ask("PUT", "/v1/kv", "", "{}").header("allow") == "GET, HEAD");
}

TEST_CASE("a stream brings every row, in chunks, as the client takes them") {
  auto limits = small_limits();
  limits.max_value_bytes = 64 << 10;
  SessionHarness http(Completion::kAtOnce, limits);
  for (int i = 0; i < 100; ++i) {
    http.store.put("k" + std::to_string(100 + i), std::string(40'000, 'x'));
  }
  http.session->receive(SessionHarness::request("GET", "/v1/kv?prefix=k", kStream) +
                        SessionHarness::request("GET", "/absent"));
  // With nothing taken yet, a bounded part of 4 MB was made.
  CHECK(http.store.calls() < 10);
  http.settle();
  const auto answers = http.answers();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].header("content-type") == "application/x-ndjson");
  CHECK(answers[0].complete);
  CHECK(std::count(answers[0].body.begin(), answers[0].body.end(), '\n') == 100);
  CHECK(answers[1].status == 404);
  CHECK(http.store.open_cursors() == 0);
}

TEST_CASE("streams keep limit, method and version") {
  SessionHarness http;
  fill(http, 10);
  const auto some = http.ask("GET", "/v1/kv?limit=3&keys_only", kStream);
  CHECK(std::count(some.body.begin(), some.body.end(), '\n') == 3);
  CHECK(http.ask("HEAD", "/v1/kv", kStream).header("transfer-encoding") == "chunked");
  const auto old =
      http.send_all("GET /v1/kv HTTP/1.0\r\nConnection: keep-alive\r\n" + kStream + "\r\n");
  CHECK(old.at(0).header("connection") == "close");
  CHECK(std::count(old[0].body.begin(), old[0].body.end(), '\n') == 10);
  CHECK(http.session->finished());
}

TEST_CASE("a stream that fails before its first row is a problem like any other") {
  SessionHarness http;
  fill(http, 10);
  http.store.fail_next({StatusCode::CORRUPTION, "sstable 7: block 3: checksum"});
  const auto answer = http.ask("GET", "/v1/kv", kStream);
  CHECK(answer.status == 500);
  CHECK(answer.code() == "corruption");
  CHECK(http.store.open_cursors() == 0);
}

TEST_CASE("a failure in the middle leaves the stream without its last chunk") {
  auto limits = small_limits();
  limits.max_value_bytes = 200 << 10;
  SessionHarness http(Completion::kAtOnce, limits);
  for (int i = 0; i < 20; ++i) {
    http.store.put("k" + std::to_string(100 + i), std::string(150'000, 'x'));
  }
  http.session->receive(SessionHarness::request("GET", "/v1/kv", kStream));
  http.store.fail_next({StatusCode::CORRUPTION, "sstable 7: block 3: checksum"});
  http.settle();
  const auto answers = http.answers();
  REQUIRE(answers.size() == 1);
  CHECK_FALSE(answers[0].complete);
  CHECK_THAT(answers[0].body, Catch::Contains("\"code\":\"corruption\""));
  CHECK(http.session->finished());
}
