// The session's rules, bytes in, requests and bytes out.
#include "session.hpp"

#include <catch2/catch.hpp>
#include <cstring>

#include "wire/reply.hpp"
#include "wire/request.hpp"

using namespace kvhost;
using namespace kvhost::tcp;

namespace {

constexpr SessionLimits kLimits{4096, 3, 100'000};

ServerHello offer() {
  ServerHello hello;
  hello.max_frame_bytes = kLimits.max_frame_bytes;
  hello.text = "node1";
  return hello;
}

void feed(Session& session, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = session.input_room();
    const std::size_t piece = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), piece);
    session.received(piece);
    bytes.remove_prefix(piece);
  }
}

std::string flush(Session& session) {
  const std::string out = session.take_output();
  session.sent(out.size());
  return out;
}

std::string info_request(uint64_t id, std::string_view section = "status") {
  std::string bytes;
  RequestEncoder(bytes).info(id, section);
  return bytes;
}

Session opened(const SessionLimits& limits = kLimits) {
  Session session(offer(), limits);
  feed(session, encode_client_hello({}));
  REQUIRE(session.is_open());
  const auto hello = decode_server_hello(flush(session));
  REQUIRE((*hello)->hello.version == kProtocolVersion);
  return session;
}

Status last_word(Session& session) {
  const std::string out = flush(session);
  const auto header = decode_header(out, 1 << 20);
  if (!header) return header.error();
  return decode_error({header->opcode, header->flags, 0,
                       std::string_view(out).substr(kHeaderBytes, header->payload_bytes())})
      .status;
}

}  // namespace

TEST_CASE("session: requests come out whole at every split point") {
  const std::string bytes =
      encode_client_hello({}) + info_request(1) + info_request(2, std::string(300, 's'));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO("cut at " << cut);
    Session session(offer(), kLimits);
    std::vector<uint64_t> ids;
    for (const auto piece :
         {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
      feed(session, piece);
      while (const auto frame = session.next_frame()) ids.push_back(frame->request_id);
    }
    CHECK(ids == std::vector<uint64_t>{1, 2});
  }
}

TEST_CASE("session: a client of another protocol is told at once") {
  Session session(offer(), kLimits);
  feed(session, "GET / HTTP/1.1\r\n\r\n");
  const auto answer = decode_server_hello(flush(session));
  REQUIRE(answer);
  CHECK((*answer)->hello.version == 0);
  CHECK((*answer)->hello.code == StatusCode::PROTOCOL_ERROR);
  CHECK(session.should_close());
}

TEST_CASE("session: versions that do not meet are refused with both") {
  Session session(offer(), kLimits);
  ClientHello hello;
  hello.min_version = 2;
  hello.max_version = 9;
  feed(session, encode_client_hello(hello));
  const auto answer = decode_server_hello(flush(session));
  CHECK((*answer)->hello.code == StatusCode::NOT_SUPPORTED);
  CHECK((*answer)->hello.text.find("2 to 9") != std::string::npos);
}

TEST_CASE("session: a header that cannot be one ends the connection with words") {
  std::string bytes = info_request(1);
  std::string expected;
  SECTION("too short") {
    bytes.replace(0, 4, std::string_view("\x0b\0\0\0", 4));
    expected = "at least 12";
  }
  SECTION("too long") {
    bytes.replace(0, 4, "\xff\xff\xff\xff");
    expected = "at most 4092";
  }
  SECTION("reserved byte") {
    bytes[7] = 1;
    expected = "reserved byte";
  }
  SECTION("request id 0") {
    bytes = info_request(0);
    expected = "request id is 0";
  }
  Session session = opened();
  feed(session, bytes);
  CHECK_FALSE(session.next_frame());
  const Status word = last_word(session);
  CHECK(word.code() == StatusCode::PROTOCOL_ERROR);
  CHECK(word.message().find(expected) != std::string::npos);
  CHECK(session.should_close());
  CHECK_FALSE(session.wants_input());
}

TEST_CASE("session: a length that no frame has is told at once, without the rest of the header") {
  const std::string_view length =
      GENERATE(std::string_view("\x0b\0\0\0", 4), std::string_view("\xff\xff\xff\xff", 4));
  Session session = opened();
  feed(session, std::string(length.substr(0, 3)));
  CHECK_FALSE(session.next_frame());
  CHECK_FALSE(session.should_close());
  feed(session, std::string(length.substr(3)));
  CHECK_FALSE(session.next_frame());
  CHECK(last_word(session).code() == StatusCode::PROTOCOL_ERROR);
  CHECK(session.should_close());
}

TEST_CASE("session: a length alone allocates nothing") {
  SessionLimits limits = kLimits;
  limits.max_frame_bytes = uint64_t{1} << 31;
  Session session = opened(limits);
  std::string header = info_request(1).substr(0, kHeaderBytes);
  header.replace(0, 4, std::string_view("\0\0\0\x70", 4));
  feed(session, header);
  CHECK_FALSE(session.next_frame());
  CHECK(session.input_room().size() <= 256 << 10);
}

TEST_CASE("session: unanswered requests are limited, and answers let others in") {
  Session session = opened();
  for (uint64_t id = 1; id <= 5; ++id) feed(session, info_request(id));
  for (uint64_t id = 1; id <= 3; ++id) CHECK(session.next_frame()->request_id == id);
  CHECK_FALSE(session.next_frame());
  CHECK_FALSE(session.wants_input());
  std::string answers;
  encode_text_reply(answers, Opcode::kInfo, 2, "{}");
  session.reply(answers, 1);
  CHECK(session.wants_input());
  CHECK(session.next_frame()->request_id == 4);
  CHECK_FALSE(session.next_frame());
}

TEST_CASE("session: a client that does not read its replies is not read from") {
  Session session = opened();
  feed(session, info_request(1));
  feed(session, info_request(2));
  REQUIRE(session.next_frame());
  session.reply(std::string(100'000, 'x'), 1);
  CHECK_FALSE(session.wants_input());
  CHECK_FALSE(session.next_frame());
  const std::string out = session.take_output();
  CHECK_FALSE(session.wants_input());
  session.sent(out.size());
  CHECK(session.wants_input());
  CHECK(session.next_frame()->request_id == 2);
}

TEST_CASE("session: draining answers what comes late, and finishes what was taken") {
  Session session = opened();
  feed(session, info_request(1));
  REQUIRE(session.next_frame());
  session.drain({StatusCode::DRAINING, "going down"});
  CHECK(last_word(session).to_string() == "draining: going down");
  feed(session, info_request(2));
  CHECK_FALSE(session.next_frame());
  CHECK(last_word(session).code() == StatusCode::DRAINING);
  CHECK_FALSE(session.is_quiet());
  std::string answer;
  encode_text_reply(answer, Opcode::kInfo, 1, "{}");
  session.reply(answer, 1);
  flush(session);
  CHECK(session.is_quiet());
}

TEST_CASE("session: the end of input lets answers out before the end") {
  Session session = opened();
  feed(session, info_request(1));
  REQUIRE(session.next_frame());
  session.input_ended();
  CHECK_FALSE(session.should_close());
  std::string answer;
  encode_text_reply(answer, Opcode::kInfo, 1, "{}");
  session.reply(answer, 1);
  CHECK_FALSE(session.should_close());
  CHECK(flush(session) == answer);
  CHECK(session.should_close());
}
