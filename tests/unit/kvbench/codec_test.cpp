// Protocols as bytes: what is sent, and what is read however it was cut.
#include "server/codec.hpp"

#include <catch2/catch.hpp>

namespace kvbench {
namespace {

using Kind = Answer::Kind;

struct Read {
  Kind kind;
  std::string text;
  bool operator==(const Read& other) const { return kind == other.kind && text == other.text; }
};

// Shows `bytes` to the codec in pieces.
std::vector<Read> decoded(Codec& codec, const std::string& bytes, std::size_t piece) {
  std::vector<Read> answers;
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    buffer += bytes.substr(at, piece);
    std::string_view rest = buffer;
    for (Answer answer; !rest.empty() && codec.decode(rest, answer);) {
      answers.push_back({answer.kind, answer.text});
    }
    buffer = std::string(rest);
  }
  CHECK(buffer.empty());
  return answers;
}

TEST_CASE("codec: RESP requests") {
  std::string out;
  const auto codec = make_resp_codec();
  codec->encode_get("k1", out);
  codec->encode_put("k2", "a\r\nb", out);
  CHECK(out ==
        "*2\r\n$3\r\nGET\r\n$2\r\nk1\r\n"
        "*3\r\n$3\r\nSET\r\n$2\r\nk2\r\n$4\r\na\r\nb\r\n");
}

TEST_CASE("codec: RESP replies, whole and in pieces") {
  const std::string bytes = "+OK\r\n$4\r\na\r\nb\r\n$-1\r\n-OOM full\r\n$0\r\n\r\n";
  const std::vector<Read> expected = {{Kind::kDone, "OK"},
                                      {Kind::kDone, "a\r\nb"},
                                      {Kind::kAbsent, ""},
                                      {Kind::kRefused, "OOM full"},
                                      {Kind::kDone, ""}};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK((decoded(*make_resp_codec(), bytes, piece) == expected));
  }
}

TEST_CASE("codec: what is not RESP is named") {
  for (const std::string bytes : {"HTTP/1.1 400 Bad Request\r\n", "$x\r\n", "$-2\r\n", "\r\n"}) {
    INFO(bytes);
    std::string_view rest = bytes;
    Answer answer;
    CHECK_THROWS_AS(make_resp_codec()->decode(rest, answer), std::runtime_error);
  }
}

TEST_CASE("codec: HTTP requests") {
  std::string out;
  const auto codec = make_http_codec("h:1");
  codec->encode_get("k1", out);
  codec->encode_put("k2", "abc", out);
  CHECK(out ==
        "GET /k1 HTTP/1.1\r\nHost: h:1\r\nAccept: application/octet-stream\r\n\r\n"
        "PUT /k2 HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/octet-stream\r\n"
        "Content-Length: 3\r\n\r\nabc");
}

TEST_CASE("codec: HTTP responses, whole and in pieces") {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
      "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n"
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const std::vector<Read> expected = {{Kind::kDone, "abc"},
                                      {Kind::kAbsent, "none"},
                                      {Kind::kDone, "xy"},
                                      {Kind::kRefused, "503 full"},
                                      {Kind::kDone, ""}};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK((decoded(*make_http_codec("h:1"), bytes, piece) == expected));
  }
}

TEST_CASE("codec: what is not HTTP is named") {
  std::string_view rest = "-ERR unknown command\r\n\r\n";
  Answer answer;
  CHECK_THROWS_WITH(make_http_codec("h:1")->decode(rest, answer),
                    Catch::Contains("not an HTTP response"));
}

}  // namespace
}  // namespace kvbench
