// Everything but data: sections, readiness, commands, routes, redirects and refusals.
#include <catch2/catch.hpp>

#include "api/openapi.hpp"
#include "api/routes.hpp"
#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http;
using namespace kvhost::http::testing;

TEST_CASE("sections of the node come as they are") {
  SessionHarness http;
  http.store.sections["lsm"] = R"({"levels":[1,2]})";
  CHECK(http.ask("GET", "/v1/health").body == R"({"healthy":true})");
  CHECK(http.ask("GET", "/v1/status").body == R"({"node_id":"fake"})");
  CHECK(http.ask("GET", "/v1/lsm").body == R"({"levels":[1,2]})");
  CHECK(http.ask("GET", "/v1/stats").status == 200);
  CHECK(http.ask("GET", "/v1/plugins").body == "[]");
  CHECK(http.store.open_sessions() == 0);
}

TEST_CASE("every answer has a date, a failure too") {
  SessionHarness http;
  for (const char* path : {"/v1/health", "/absent", "/v1/nothing"}) {
    CHECK(http.ask("GET", path).header("date") == "Sun, 06 Nov 1994 08:49:37 GMT");
  }
}

TEST_CASE("readiness is in the status, reasons on request") {
  SessionHarness http;
  CHECK(http.ask("GET", "/v1/ready").status == 200);
  http.store.sections["ready"] = R"({"ready":false,"reasons":["recovering"]})";
  const auto brief = http.ask("GET", "/v1/ready");
  CHECK(brief.status == 503);
  CHECK(brief.header("retry-after") == "1");
  CHECK(brief.body == R"({"ready":false})");
  CHECK(http.ask("GET", "/v1/ready?verbose").body == R"({"ready":false,"reasons":["recovering"]})");
}

TEST_CASE("commands go through with their arguments") {
  SessionHarness http;
  std::string seen;
  http.store.on_command = [&](std::string_view name,
                              std::string_view arguments) -> Result<std::string> {
    if (name == "nonsense") return Status(StatusCode::UNKNOWN_ROUTE, "no command \"nonsense\"");
    seen = std::string(name) + std::string(arguments);
    return std::string(R"({"done":true})");
  };
  CHECK(http.ask("POST", "/v1/admin/compaction-use", "", R"({"name":"leveled"})").body ==
        R"({"done":true})");
  CHECK(seen == R"(compaction-use{"name":"leveled"})");
  CHECK(http.ask("POST", "/v1/admin/flush").status == 200);
  CHECK(seen == "flush{}");
  CHECK(http.ask("POST", "/v1/admin/nonsense").code() == "unknown-route");
  CHECK(http.ask("POST", "/v1/admin/flush", "", "{").status == 400);
  CHECK(http.ask("GET", "/v1/admin/flush").status == 405);
}

TEST_CASE("unknown routes and wrong methods are told apart") {
  SessionHarness http;
  for (const char* path : {"/v1/", "/v1/nope", "/v1/watch", "/v1/health/", "/%761/nope", "/"}) {
    INFO(path);
    const auto answer = http.ask("GET", path);
    CHECK(answer.status == 404);
    CHECK(answer.code() == "unknown-route");
  }
  const auto post = http.ask("POST", "/key");
  CHECK(post.status == 405);
  CHECK(post.code() == "method-not-allowed");
  CHECK(post.header("allow") == "GET, HEAD, PUT, DELETE");
  CHECK(http.ask("GET", "/v1/batch").header("allow") == "POST");
  CHECK(http.ask("PATCH", "/v1/kv/n/incr").header("allow") == "POST, GET, HEAD, PUT, DELETE");
  CHECK(http.ask("OPTIONS", "/key").status == 405);
  // A refused request's body is read over, and the connection goes on.
  CHECK(http.ask("POST", "/v1/nope", "", "GET /x HTTP/1.1\r\n\r\n").status == 404);
  CHECK_FALSE(http.session->finished());
}

TEST_CASE("the description lists every route") {
  SessionHarness http;
  const auto answer = http.ask("GET", "/v1/openapi.json");
  const auto paths = answer.json().at("paths").as_object();
  for (const Route& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    CHECK(paths.at(std::string(route.pattern)).as_object().contains(method));
    if (!route.response_schema.empty()) {
      CHECK(answer.json()
                .at("components")
                .at("schemas")
                .as_object()
                .contains(std::string(route.response_schema)));
    }
  }
}

TEST_CASE("every status of the table becomes its HTTP status, with code and remedy") {
  SessionHarness http;
  for (const StatusInfo& info : kStatusTable) {
    if (info.code == StatusCode::OK) continue;
    http.store.fail_next({info.code, "words of the store"});
    const auto answer = http.ask("PUT", "/k", "", R"({"value":"v"})");
    CHECK(answer.status == info.http_status);
    CHECK(answer.code() == std::string(info.name));
    CHECK(answer.detail() == "words of the store");
    CHECK(answer.json().at("remedy").as_string() == std::string(info.remedy));
    CHECK((answer.header("retry-after") == "1") == (answer.status == 503 || answer.status == 429));
  }
}

TEST_CASE("a known leader is where a follower sends its clients") {
  SessionHarness http;
  http.store.sections["status"] =
      R"({"replication":{"role":"follower","leader":"http://10.0.0.1:8080"}})";
  http.store.fail_next({StatusCode::NOT_LEADER, "this node follows node1"});
  const auto redirect =
      http.ask("PUT", "/a%2Fb?ttl=5", "Content-Type: application/octet-stream\r\n", "v");
  CHECK(redirect.status == 307);
  CHECK(redirect.header("location") == "http://10.0.0.1:8080/a%2Fb?ttl=5");
  CHECK(redirect.code() == "not-leader");

  http.store.sections["status"] = "{}";
  http.store.fail_next(
      {StatusCode::NOT_LEADER, "the leader is node1 at http://10.0.0.2:80/, ask it"});
  CHECK(http.ask("GET", "/k").header("location") == "http://10.0.0.2:80/k");
  http.store.fail_next({StatusCode::NOT_LEADER, "there is no leader"});
  const auto unknown = http.ask("GET", "/k");
  CHECK(unknown.status == 503);
  CHECK(unknown.header("retry-after") == "1");
}

TEST_CASE("while the store takes no sessions, health is answered and data is 503") {
  SessionHarness http;
  http.store.refuse_sessions({StatusCode::STARTING, "recovering the log"});
  CHECK(http.ask("GET", "/v1/health").status == 200);
  const auto refused = http.ask("GET", "/k");
  CHECK(refused.status == 503);
  CHECK(refused.code() == "starting");
  http.store.refuse_sessions({});
  CHECK(http.ask("GET", "/k").status == 404);
}

TEST_CASE("requests are counted by route, method and status, never by key") {
  SessionHarness http;
  http.store.put("k", "v");
  http.ask("GET", "/k");
  http.ask("GET", "/other");
  http.send_all("BREW /k HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(http.host.metric("kvhost_http_requests_total{/{key},GET,200}") == 1);
  CHECK(http.host.metric("kvhost_http_requests_total{/{key},GET,404}") == 1);
  CHECK(http.host.metric("kvhost_http_requests_total{unmatched,other,405}") == 1);
  CHECK(http.host.metric("kvhost_http_request_duration_seconds{/{key}}") == 2);
}
