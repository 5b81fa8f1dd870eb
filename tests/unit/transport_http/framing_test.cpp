// How requests are cut out of bytes: at every split point, with every lying length.
#include <catch2/catch.hpp>

#include "session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http;
using namespace kvhost::http::testing;

namespace {

const std::string kConversation =
    "PUT /key HTTP/1.1\r\nHost: x\r\nX-Request-Id: 1\r\nContent-Length: 13\r\n\r\n{\"value\":\"v\"}"
    "GET /key HTTP/1.1\r\nHost: x\r\nX-Request-Id: 2\r\n\r\n"
    "\r\n"
    "PUT /raw?ttl=9 HTTP/1.1\r\nHost: x\r\nX-Request-Id: 3\r\nContent-Type: "
    "application/octet-stream\r\n"
    "Transfer-Encoding: chunked\r\n\r\n4;ext=1\r\n\r\n\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n"
    "GET /raw HTTP/1.1\r\nHost: x\r\nX-Request-Id: 4\r\nAccept: application/octet-stream\r\n\r\n"
    "POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: 5\r\nContent-Length: 4\r\n\r\nbody"
    "DELETE /key HTTP/1.1\r\nHost: x\r\nX-Request-Id: 6\r\nConnection: close\r\n\r\n";

struct Malformed {
  std::string name;
  std::string bytes;
  int status;
};

}  // namespace

TEST_CASE("a conversation reads the same at every split point") {
  SessionHarness whole;
  whole.send(kConversation);
  const std::string expected = whole.out;
  const auto answers = whole.answers();
  REQUIRE(answers.size() == 6);
  CHECK(answers[3].body == "\r\n\r\nabc");
  CHECK(answers[4].code() == "unknown-route");
  CHECK(answers[5].status == 200);
  for (std::size_t split = 1; split < kConversation.size(); ++split) {
    SessionHarness http;
    http.send(std::string_view(kConversation).substr(0, split));
    http.send(std::string_view(kConversation).substr(split));
    INFO("split at " << split);
    REQUIRE(http.out == expected);
  }
  SessionHarness bytewise;
  for (const char c : kConversation) bytewise.send({&c, 1});
  CHECK(bytewise.out == expected);
}

TEST_CASE("malformed requests are answered, and the connection ends") {
  const std::string head = "GET /k HTTP/1.1\r\nHost: x\r\n";
  const std::string post = "PUT /k HTTP/1.1\r\nHost: x\r\n";
  const std::vector<Malformed> all = {
      {"no HTTP", "\x16\x03\x01\x02", 400},
      {"no version", "GET /k\r\nHost: x\r\n\r\n", 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"bare line feed", "GET /k HTTP/1.1\nHost: x\n\n", 400},
      {"bare line feed in the headers", head + "A: b\nC: d\r\n\r\n", 400},
      {"no colon", head + "nonsense\r\n\r\n", 400},
      {"space before the colon", head + "Name : v\r\n\r\n", 400},
      {"folded line", head + "A: b\r\n c\r\n\r\n", 400},
      {"no Host", "GET /k HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", head + "Host: y\r\n\r\n", 400},
      {"length and coding",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"coding and length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
      {"the same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"a list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"signed length", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"overflowing length", post + "Content-Length: 18446744073709551616\r\n\r\n", 400},
      {"largest length", post + "Content-Length: 18446744073709551615\r\n\r\n", 413},
      {"unknown coding", post + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"coding after chunked", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
      {"coding before chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks in HTTP/1.0", "PUT /k HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunk size is no number", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"overflowing chunk size", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
       400},
      {"largest chunk size", post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413},
      {"chunk without its end", post + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
       400},
      {"endless chunk extension",
       post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(40'000, 'e'), 400},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400}};
  for (const auto& row : all) {
    INFO(row.name);
    SessionHarness http;
    const auto answers = http.send_all(row.bytes);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].status == row.status);
    CHECK(answers[0].header("content-type") == "application/problem+json");
    CHECK_FALSE(answers[0].detail().empty());
    if (row.name == "asterisk") continue;
    CHECK(answers[0].header("connection") == "close");
    CHECK(http.session->finished());
    CHECK(http.session->cut_off());
    CHECK(http.store.version() == 0);
    SessionHarness bytewise;
    for (const char c : row.bytes) bytewise.send({&c, 1});
    CHECK(bytewise.answers().at(0).status == row.status);
  }
}

TEST_CASE("what follows a malformed request is never taken for one") {
  SessionHarness http;
  const auto answers = http.send_all(
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nDELETE /secret HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answers.size() == 1);
  CHECK(http.store.calls() == 0);
}

TEST_CASE("a request line may hold a percent-encoded largest key, and little more") {
  SessionHarness http;
  std::string encoded;
  for (int i = 0; i < 256; ++i) encoded += "%41";
  CHECK(http.ask("PUT", "/v1/kv/" + encoded, "", R"({"value":"v"})").status == 200);
  CHECK(http.store.get(std::string(256, 'A')) == "v");
  const auto longer = http.ask("GET", "/" + std::string(16'000, 'k'));
  CHECK(longer.status == 414);
  CHECK(longer.code() == "uri-too-long");
  CHECK(http.session->finished());
  SessionHarness endless;
  endless.send("GET /" + std::string(16'000, 'k'));
  CHECK(endless.answers().at(0).status == 414);
}

TEST_CASE("headers have a limit") {
  SessionHarness http;
  CHECK(http.ask("GET", "/k", "A: " + std::string(30'000, 'a') + "\r\n").status == 404);
  CHECK(http.ask("GET", "/k", "A: " + std::string(33'000, 'a') + "\r\n").status == 431);
  SessionHarness endless;
  endless.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 9000; ++i) endless.send("A: b\r\n");
  CHECK(endless.answers().at(0).code() == "headers-too-large");
}

TEST_CASE("bodies have a limit, said before the body comes") {
  SessionHarness http;
  const auto announced = http.send_all(
      "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
      "Content-Length: 4097\r\n\r\n");
  CHECK(announced.at(0).status == 413);
  CHECK(announced.at(0).code() == "too-large");
  CHECK(http.session->finished());
  SessionHarness chunked;
  chunked.send(
      "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 9; ++i) chunked.send("200\r\n" + std::string(512, 'x') + "\r\n");
  CHECK(chunked.answers().at(0).status == 413);
  SessionHarness exact;
  CHECK(exact.ask("PUT", "/k", "Content-Type: application/octet-stream\r\n", std::string(4096, 'x'))
            .status == 200);
  // Every byte of a value may come as an escape of six.
  std::string escaped;
  for (int i = 0; i < 4096; ++i) escaped += "\\u0001";
  CHECK(exact.ask("PUT", "/k", "", "{\"value\":\"" + escaped + "\"}").status == 200);
  CHECK(exact.store.get("k") == std::string(4096, '\1'));
}

TEST_CASE("the bodies of all requests share one budget") {
  auto limits = small_limits();
  limits.max_value_bytes = 2 << 20;
  SessionHarness http(Completion::kAtOnce, limits);
  const auto answer = http.ask("PUT", "/k", "Content-Type: application/octet-stream\r\n",
                               std::string(1'500'000, 'x'));
  CHECK(answer.status == 429);
  CHECK(answer.header("retry-after") == "1");
  CHECK(http.bodies.used() == 0);
  SessionHarness fits(Completion::kAtOnce, limits);
  CHECK(
      fits.ask("PUT", "/k", "Content-Type: application/octet-stream\r\n", std::string(500'000, 'x'))
          .status == 200);
  CHECK(fits.bodies.used() == 0);
}

TEST_CASE("a trailer adds nothing to the headers that were judged") {
  SessionHarness http;
  http.store.put("k", "old");
  const auto answers = http.send_all(
      "PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "d\r\n{\"value\":\"v\"}\r\n0\r\nIf-None-Match: *\r\n\r\n");
  CHECK(answers.at(0).status == 200);
}

TEST_CASE("100 Continue comes when the body is wanted, after all earlier answers") {
  const std::string head =
      "PUT /k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n";
  SessionHarness http(Completion::kManual);
  http.send(SessionHarness::request("GET", "/a") + head);
  CHECK(http.out.empty());
  http.store.complete_all();
  http.settle();
  auto answers = http.answers();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].status == 404);
  CHECK(answers[1].status == 100);
  http.send("{\"value\":\"v\"}");
  http.store.complete_all();
  http.settle();
  CHECK(http.answers().at(0).status == 200);

  SessionHarness refused;
  answers = refused.send_all(
      "PUT /v1/nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].status == 404);
  CHECK(refused.session->finished());
  SessionHarness strange;
  CHECK(strange.ask("GET", "/k", "Expect: miracles\r\n").status == 417);
}
