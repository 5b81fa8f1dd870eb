// PUT, GET, HEAD and DELETE of keys: what the contract's table says, row by row.
#include <catch2/catch.hpp>

#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http::testing;
using namespace std::string_literals;

TEST_CASE("the original's own lines work") {
  SessionHarness http;
  const auto put =
      http.ask("PUT", "/user123", "Content-Type: application/x-www-form-urlencoded\r\n",
               R"({"value": "Saurab", "ttl": 3600})");
  CHECK(put.status == 200);
  CHECK(put.body == R"({"key":"user123","version":1})");
  CHECK(put.header("etag") == "\"1\"");
  const auto get = http.ask("GET", "/user123");
  CHECK(get.status == 200);
  CHECK(get.header("content-type") == "application/json");
  CHECK(get.header("etag") == "\"1\"");
  CHECK(get.body == R"({"key":"user123","value":"Saurab","version":1,"ttl":3600})");
}

TEST_CASE("a key expires, and a put without ttl removes an old one") {
  SessionHarness http;
  http.ask("PUT", "/k", "", R"({"value":"v","ttl":1.5})");
  http.store.advance(250);
  CHECK(http.ask("GET", "/k").json().at("ttl").as_double() == 1.25);
  http.ask("PUT", "/k", "", R"({"value":"w"})");
  http.store.advance(60'000);
  const auto kept = http.ask("GET", "/k");
  CHECK(kept.status == 200);
  CHECK_FALSE(kept.json().contains("ttl"));
  http.ask("PUT", "/k", "", R"({"value":"v","ttl":0.0001})");
  http.store.advance(1);
  const auto gone = http.ask("GET", "/k");
  CHECK(gone.status == 404);
  CHECK(gone.code() == "key-absent");
  CHECK(gone.header("content-type") == "application/problem+json");
}

TEST_CASE("bad bodies are 400 and say which member") {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"", "empty"},
      {"{", "no JSON"},
      {"[1]", "must be a JSON object"},
      {R"({"value":"v"} x)", "no JSON"},
      {"{\"value\":\"\xff\"}", "no JSON"},
      {"{}", "\"value\" is missing"},
      {R"({"value":7})", "\"value\" must be a string"},
      {R"({"value":null})", "\"value\" must be a string"},
      {R"({"value":"v","value_base64":"dg=="})", "exclude each other"},
      {R"({"value_base64":"*"})", "\"value_base64\" is no base64"},
      {R"({"value":"v","tttl":5})", "unknown member \"tttl\"; known are value, value_base64, ttl"},
      {R"({"value":"v","ttl":0})", "\"ttl\""},
      {R"({"value":"v","ttl":-1})", "\"ttl\""},
      {R"({"value":"v","ttl":"60"})", "\"ttl\""},
      {R"({"value":"v","ttl":null})", "\"ttl\""},
      {R"({"value":"v","ttl":1e300})", "\"ttl\""},
      {R"({"value":"v","ttl":20000000000})", "\"ttl\""}};
  SessionHarness http;
  for (const auto& [body, words] : bodies) {
    INFO(body);
    const auto answer = http.ask(
        "PUT", "/k",
        "Content-Type: text/plain\r\n" + (body.empty() ? "Content-Length: 0\r\n"s : ""s), body);
    CHECK(answer.status == 400);
    CHECK(answer.code() == "invalid-argument");
    CHECK_THAT(answer.detail(), Catch::Contains(words));
    CHECK(answer.json().at("remedy").as_string().size() > 0);
  }
  CHECK(http.store.version() == 0);
}

TEST_CASE("raw bodies carry any bytes, with the ttl in the query") {
  SessionHarness http;
  const std::string bytes = "\0\xff\r\n{"s;
  const std::string raw = "Content-Type: application/octet-stream; x=y\r\n";
  CHECK(http.ask("PUT", "/bin?ttl=2.5", raw, bytes).status == 200);
  CHECK(http.store.get("bin") == bytes);
  const auto back = http.ask("GET", "/bin", "Accept: application/octet-stream\r\n");
  CHECK(back.body == bytes);
  CHECK(back.header("content-type") == "application/octet-stream");
  CHECK(back.header("etag") == "\"1\"");
  CHECK(back.header("kvhost-ttl") == "2.5");
  const auto json = http.ask("GET", "/bin");
  CHECK(json.json().at("value_base64").as_string() == "AP8NCns=");
  for (const std::string ttl : {"nan", "0", "-3", "inf", "1e99", "5s", ""}) {
    INFO(ttl);
    CHECK(http.ask("PUT", "/bin?ttl=" + ttl, raw, "x").status == 400);
  }
  CHECK(http.ask("PUT", "/bin?ttl=5", "", R"({"value":"v"})").status == 400);
  CHECK(http.ask("PUT", "/bin", raw + "Content-Length: 0\r\n").status == 200);
  CHECK(http.store.get("bin") == "");
}

TEST_CASE("keys are decoded once, never normalised, and may be any bytes") {
  SessionHarness http;
  const auto put = [&](std::string_view target) {
    return http.ask("PUT", target, "", R"({"value":"v"})").status;
  };
  const std::vector<std::pair<std::string, std::string>> keys = {{"/a+b", "a+b"},
                                                                 {"/a%2Bb", "a+b"},
                                                                 {"/a/b//c/../d", "a/b//c/../d"},
                                                                 {"/a%2fb", "a/b"},
                                                                 {"/%252f", "%2f"},
                                                                 {"/%00", "\0"s},
                                                                 {"/%ff%fe", "\xff\xfe"},
                                                                 {"/a%20b", "a b"},
                                                                 {"//a", "/a"},
                                                                 {"/v1", "v1"},
                                                                 {"/v1/kv/v1/health", "v1/health"},
                                                                 {"/v1/kv/", ""},
                                                                 {"/v1/kv//", "/"},
                                                                 {"/v1/kv/a%2Fincr", "a/incr"},
                                                                 {"/v1x/y", "v1x/y"},
                                                                 {"http://host/abs", "abs"}};
  for (const auto& [target, key] : keys) {
    INFO(target);
    CHECK(put(target) == 200);
    CHECK(http.store.get(key) == "v");
    CHECK(http.ask("GET", target).status == 200);
    CHECK(http.ask("DELETE", target).status == 200);
    CHECK_FALSE(http.store.get(key));
  }
  CHECK(put("/bad%zz") == 400);
  CHECK(put("/bad%4") == 400);
  CHECK(put("/bad%") == 400);
  CHECK(http.ask("GET", "/%ff").json().at("code").as_string() == "key-absent");
  http.store.put("\xff", "v");
  CHECK(http.ask("GET", "/%ff").json().at("key_base64").as_string() == "/w==");
}

TEST_CASE("HEAD answers as GET does, without the body") {
  SessionHarness http;
  http.store.put("k", "value");
  const auto get = http.ask("GET", "/k");
  const auto head = http.ask("HEAD", "/k");
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == std::to_string(get.body.size()));
  CHECK(head.header("etag") == "\"1\"");
  CHECK(http.ask("HEAD", "/absent").status == 404);
}

TEST_CASE("a delete tells whether there was something") {
  SessionHarness http;
  http.store.put("k", "v");
  const auto first = http.ask("DELETE", "/k");
  CHECK(first.status == 200);
  CHECK(first.body == R"({"key":"k","deleted":true,"version":2})");
  CHECK(http.ask("DELETE", "/k").status == 404);
}

TEST_CASE("conditions hold or 412 tells the current version") {
  SessionHarness http;
  const auto put = [&](std::string_view headers) {
    return http.ask("PUT", "/k", headers, R"({"value":"v"})");
  };
  CHECK(put("If-None-Match: *\r\n").status == 200);
  const auto exists = put("If-None-Match: *\r\n");
  CHECK(exists.status == 412);
  CHECK(exists.code() == "condition-failed");
  CHECK(exists.json().at("version").as_int64() == 1);
  CHECK(put("If-Match: \"1\"\r\n").status == 200);
  CHECK(put("If-Match: \"1\"\r\n").json().at("version").as_int64() == 2);
  CHECK(put("If-Match: *\r\n").status == 200);
  CHECK(http.ask("DELETE", "/k", "If-Match: \"1\"\r\n").status == 412);
  CHECK(http.ask("DELETE", "/k", "If-Match: \"3\"\r\n").status == 200);
  CHECK(http.ask("DELETE", "/k", "If-Match: \"3\"\r\n").json().at("version").as_int64() == 0);
  CHECK(put("If-Match: \"seven\"\r\n").status == 400);
  CHECK(put("If-None-Match: \"7\"\r\n").status == 400);
}

TEST_CASE("increments add to decimal numbers") {
  SessionHarness http;
  CHECK(http.ask("POST", "/v1/kv/n/incr").body == R"({"key":"n","value":1,"version":1})");
  CHECK(http.ask("POST", "/v1/kv/n/incr", "", R"({"by":-5})").json().at("value").as_int64() == -4);
  http.store.put("text", "abc");
  const auto refused = http.ask("POST", "/v1/kv/text/incr");
  CHECK(refused.status == 409);
  CHECK(refused.code() == "not-a-number");
  CHECK(http.ask("POST", "/v1/kv/n/incr", "", R"({"by":1.5})").status == 400);
  CHECK(http.ask("POST", "/v1/kv/n/incr", "", R"({"by":9223372036854775808})").status == 400);
  CHECK(http.ask("POST", "/v1/kv/n/incr", "", R"({"add":1})").status == 400);
}

TEST_CASE("headers reach the store as the circumstances of the call") {
  SessionHarness http;
  http.ask("PUT", "/k",
           "Idempotency-Key: once\r\nRequest-Timeout: 2.5\r\ntraceparent: 00-ab-cd-01\r\n",
           R"({"value":"v"})");
  const auto call = http.store.last_call();
  CHECK(call.request_id == "once");
  CHECK(call.trace == "00-ab-cd-01");
  CHECK(call.deadline_ns == 3'602'500'000'000);
  CHECK(call.space == 0);
  const auto again = http.ask("PUT", "/k", "Idempotency-Key: once\r\n", R"({"value":"v"})");
  CHECK(again.json().at("version").as_int64() == 1);
  http.ask("GET", "/k?consistency=linearizable");
  CHECK(http.store.last_call().read_level == KVH_READ_LINEARIZABLE);
  CHECK(http.ask("GET", "/k?consistency=strong").status == 400);
  for (const std::string timeout : {"0", "-1", "soon", "nan", "1e9", ""}) {
    CHECK(http.ask("GET", "/k", "Request-Timeout: " + timeout + "\r\n").status == 400);
  }
  CHECK(http.ask("GET", "/k", "Idempotency-Key: " + std::string(129, 'i') + "\r\n").status == 400);
}

TEST_CASE("every answer has a request id: the client's or a new one") {
  SessionHarness http;
  CHECK(http.ask("GET", "/k", "X-Request-Id: abc-1\r\n").header("x-request-id") == "abc-1");
  const auto first = http.ask("GET", "/k").header("x-request-id");
  CHECK(first.size() == 16);
  CHECK(first != http.ask("GET", "/k").header("x-request-id"));
  CHECK(http.ask("GET", "/k", "X-Request-Id: " + std::string(500, 'x') + "\r\n")
            .header("x-request-id")
            .size() == 16);
}

TEST_CASE("unknown parameters are named") {
  SessionHarness http;
  const auto answer = http.ask("GET", "/k?consistncy=local");
  CHECK(answer.status == 400);
  CHECK(answer.detail() == "unknown parameter \"consistncy\"; this route knows consistency");
  CHECK(http.ask("DELETE", "/k?x=1").detail() == "unknown parameter \"x\"; this route knows none");
  CHECK(http.ask("GET", "/k?consistency=local&consistency=local").status == 400);
}
