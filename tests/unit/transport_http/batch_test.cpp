// POST /v1/batch: conditions and operations, all or nothing.
#include <catch2/catch.hpp>

#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http::testing;

TEST_CASE("a batch does all kinds of operations and tells each one's result") {
  SessionHarness http;
  http.store.put("gone", "v");
  http.store.put("r1", "v");
  http.store.put("r2", "v");
  const auto answer = http.ask("POST", "/v1/batch", "", R"({"ops":[
      {"op":"put","key":"a","value":"1","ttl":60},
      {"op":"put","key_base64":"/w==","value_base64":"AP8="},
      {"op":"delete","key":"gone"}, {"op":"delete","key":"never"},
      {"op":"delete_range","start":"r","end":"s"},
      {"op":"incr","key":"n","by":5}, {"op":"incr","key":"n"}]})");
  CHECK(answer.status == 200);
  CHECK(answer.body ==
        R"({"version":10,"results":[{"version":4},{"version":5},{"deleted":true,"version":6},)"
        R"({"deleted":false,"version":7},{"version":8},{"value":5,"version":9},)"
        R"({"value":6,"version":10}]})");
  CHECK(http.store.get("\xff") == std::string("\0\xff", 2));
  CHECK_FALSE(http.store.get("r1"));
}

TEST_CASE("a delete_range without an end goes to the end") {
  SessionHarness http;
  for (const char* key : {"a", "b", "c"}) http.store.put(key, "v");
  CHECK(
      http.ask("POST", "/v1/batch", "", R"({"ops":[{"op":"delete_range","start":"b"}]})").status ==
      200);
  CHECK(http.store.get("a"));
  CHECK_FALSE(http.store.get("c"));
}

TEST_CASE("one condition that fails stops all, and every one that failed is listed") {
  SessionHarness http;
  http.store.put("a", "1");
  http.store.put("b", "2");
  const auto answer = http.ask("POST", "/v1/batch", "", R"({
      "if":[{"key":"a","version":1},{"key":"b","absent":true},{"key":"c","value":"x"},
            {"key":"b","value":"2"}],
      "ops":[{"op":"put","key":"a","value":"changed"}]})");
  CHECK(answer.status == 412);
  CHECK(answer.code() == "condition-failed");
  CHECK(boost::json::serialize(answer.json().at("failed")) ==
        R"([{"index":1,"version":2},{"index":2,"version":0}])");
  CHECK(http.store.get("a") == "1");
  CHECK(http.ask("POST", "/v1/batch", "", R"({"if":[{"key":"b","absent":false}],
      "ops":[{"op":"put","key":"a","value":"changed"}]})")
            .status == 200);
}

TEST_CASE("a batch that fails half way changes nothing") {
  SessionHarness http;
  http.store.put("text", "abc");
  const auto answer = http.ask("POST", "/v1/batch", "", R"({"ops":[
      {"op":"put","key":"a","value":"1"},{"op":"incr","key":"text"}]})");
  CHECK(answer.status == 409);
  CHECK_FALSE(http.store.get("a"));
}

TEST_CASE("batches that make no sense are 400 and name the place") {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {R"({})", "the batch is empty"},
      {R"({"ops":[]})", "the batch is empty"},
      {R"({"ops":{}})", "\"ops\" must be an array"},
      {R"({"ops":[1]})", "\"ops[0]\" must be an object"},
      {R"({"operations":[]})", "unknown member \"operations\"; known are if, ops"},
      {R"({"ops":[{"op":"put","key":"a","value":"1"},{"op":"set","key":"a"}]})", "\"ops[1].op\""},
      {R"({"ops":[{"key":"a"}]})", "\"ops[0].op\""},
      {R"({"ops":[{"op":"put","value":"1"}]})", "\"ops[0].key\" is missing"},
      {R"({"ops":[{"op":"put","key":"a"}]})", "\"ops[0].value\" is missing"},
      {R"({"ops":[{"op":"put","key":"a","value":"1","ttl":-1}]})", "\"ops[0].ttl\""},
      {R"({"ops":[{"op":"delete","key":"a","value":"1"}]})", "unknown member \"ops[0].value\""},
      {R"({"ops":[{"op":"delete_range","end":"a"}]})", "\"ops[0].start\" is missing"},
      {R"({"ops":[{"op":"incr","key":"a","by":"1"}]})", "\"ops[0].by\""},
      {R"({"if":[{"key":"a"}],"ops":[]})", "one of version, absent and value"},
      {R"({"if":[{"key":"a","version":1,"absent":true}],"ops":[]})",
       "one of version, absent and value"},
      {R"({"if":[{"key":"a","version":-1}],"ops":[]})", "\"if[0].version\""},
      {R"({"if":[{"key":"a","absent":1}],"ops":[]})", "\"if[0].absent\""}};
  SessionHarness http;
  for (const auto& [body, words] : bodies) {
    INFO(body);
    const auto answer = http.ask("POST", "/v1/batch", "", body);
    CHECK(answer.status == 400);
    CHECK_THAT(answer.detail(), Catch::Contains(words));
  }
  CHECK(http.store.calls() == 0);
}
