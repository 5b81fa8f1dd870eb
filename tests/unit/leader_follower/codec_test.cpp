// Bytes of the protocol: what is written is read, and what is damaged is refused with words.
#include <algorithm>
#include <catch2/catch.hpp>

#include "protocol/checkpoint_receiver.hpp"
#include "protocol/hard_state.hpp"
#include "wire/checksum.hpp"
#include "wire/frame.hpp"
#include "wire/hello.hpp"
#include "wire/message_codec.hpp"

using namespace kvhost::leader_follower;
using Catch::Matchers::Contains;
using kvhost::StatusCode;

namespace {

Entry entry_at(uint64_t index, const std::string& body) {
  return Entry::order(index, {7, 9}, EntryKind::kBatch, 1234, draft_payload(body));
}

std::vector<Message> samples() {
  Append append;
  append.epoch = {3, 4};
  append.prev = {{2, 5}, 41};
  append.commit = 40;
  append.entries = {entry_at(42, "one"), entry_at(43, std::string(1000, 'x'))};
  FetchReply fetched;
  fetched.is_there = true;
  fetched.entries = {entry_at(1, "")};
  Forward forward;
  forward.request = 8;
  forward.name = "promote";
  forward.batches = {draft_payload("a"), draft_payload("")};
  ForwardReply reply;
  reply.status = {StatusCode::NO_QUORUM, "alone"};
  reply.outcomes = {"x", ""};
  CheckpointOffer offer;
  offer.members.insert({"node1", "127.0.0.1:1"});
  offer.manifest = "{}";
  return {append,     AppendReply{}, GrantAsk{},      GrantReply{},      FetchAsk{},
          fetched,    PositionAsk{}, PositionReply{}, forward,           reply,
          TakeOver{}, offer,         CheckpointAsk{}, CheckpointChunk{}, CheckpointEnd{}};
}

}  // namespace

TEST_CASE("codec: every message survives its bytes") {
  const auto all = samples();
  REQUIRE(all.size() == std::variant_size_v<Message>);
  for (const auto& message : all) {
    std::string bytes;
    encode(message, bytes);
    const auto again = decode(type_of(message), std::make_shared<const std::string>(bytes), 0);
    REQUIRE(again.status().to_string() == "ok");
    std::string twice;
    encode(*again, twice);
    CHECK(twice == bytes);
  }
  std::string bytes;
  encode(all[0], bytes);
  const auto again = decode(1, std::make_shared<const std::string>(bytes), 0);
  const auto& append = std::get<Append>(*again);
  CHECK(append.prev == LogPosition{{2, 5}, 41});
  CHECK(append.entries[1].index == 43);
  CHECK(append.entries[0].body() == "one");
  CHECK(append.entries[0].epoch() == Epoch{7, 9});
  CHECK(append.entries[0].now_ms() == 1234);
}

TEST_CASE("codec: every cut and every lengthened message is refused") {
  for (const auto& message : samples()) {
    std::string bytes;
    encode(message, bytes);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 200) {
      const auto cut = std::make_shared<const std::string>(bytes.substr(0, size));
      CHECK_FALSE(decode(type_of(message), cut, 0));
    }
    CHECK_FALSE(decode(type_of(message), std::make_shared<const std::string>(bytes + "x"), 0));
  }
  CHECK_FALSE(decode(0, std::make_shared<const std::string>(), 0));
  CHECK_FALSE(decode(16, std::make_shared<const std::string>(), 0));
}

TEST_CASE("codec: a count beyond the bytes that are there allocates nothing") {
  std::string bytes;
  encode(Message(Append{}), bytes);
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  const auto refused = decode(1, std::make_shared<const std::string>(bytes), 0);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message(), Contains("append: entries at byte"));
}

TEST_CASE("frame: any split of the stream gives the same frames") {
  std::string stream;
  for (const std::string& payload : {std::string("first"), std::string(), std::string(300, 'y')}) {
    FrameWriter frame(stream, 5);
    stream += payload;
    frame.finish();
  }
  for (std::size_t step = 1; step < stream.size(); step += 7) {
    FrameReader reader(1000);
    std::vector<std::string> payloads;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view(stream).substr(at, step));
      for (;;) {
        const auto frame = reader.next();
        REQUIRE(frame);
        if (!frame->has_value()) break;
        CHECK((*frame)->type == 5);
        payloads.push_back(*(*frame)->payload);
      }
    }
    CHECK(payloads == std::vector<std::string>{"first", "", std::string(300, 'y')});
  }
}

TEST_CASE("frame: a flipped bit and an oversize length are told") {
  std::string stream;
  FrameWriter frame(stream, 5);
  stream += "payload";
  frame.finish();
  for (std::size_t at = 4; at < stream.size(); ++at) {
    std::string flipped = stream;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    FrameReader reader(1000);
    reader.feed(flipped);
    const auto damaged = reader.next();
    REQUIRE_FALSE(damaged);
    CHECK_THAT(damaged.error().message(), Contains("expected checksum"));
  }
  FrameReader reader(6);
  reader.feed(stream);
  const auto oversize = reader.next();
  REQUIRE_FALSE(oversize);
  CHECK_THAT(oversize.error().message(), Contains("expected at most 6 bytes"));
}

TEST_CASE("checksum: the known value, and in pieces") {
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c("6789", crc32c("12345")) == 0xe3069283u);
}

TEST_CASE("greeting: who is refused and why") {
  Hello own;
  own.cluster_id = "demo";
  own.peer = {"node1", 1, 0, ""};
  Hello peer = own;
  peer.peer.id = "node2";
  const auto again = Hello::decode(peer.encode());
  REQUIRE(again);
  CHECK(again->check(own).is_ok());
  CHECK(again->peer.id == "node2");

  peer.version = 2;
  const auto newer = Hello::decode(peer.encode());
  REQUIRE(newer);
  CHECK_THAT(newer->check(own).message(), Contains("protocol version: expected 1, found 2"));
  peer.version = 1;
  peer.strategy = "raft";
  CHECK_THAT(peer.check(own).message(), Contains("expected \"leader-follower\", found \"raft\""));
  peer.strategy = own.strategy;
  peer.cluster_id = "other";
  CHECK_THAT(peer.check(own).message(), Contains("cluster_id: expected \"demo\""));
  CHECK_FALSE(Hello::decode("GET / HTTP/1.1"));

  const auto refusal = decode_verdict(encode_verdict({StatusCode::CONFLICT, "no"}));
  CHECK(refusal.code() == StatusCode::CONFLICT);
  CHECK(decode_verdict(encode_verdict({})).is_ok());
  CHECK_FALSE(decode_verdict("?").is_ok());
}

TEST_CASE("state: what a node remembers survives its bytes, and damage is told") {
  HardState state;
  state.identity = 5;
  state.incarnation = 6;
  state.promised = {7, 8};
  state.base.position = {{1, 2}, 3};
  state.base.members.insert({"node1", "a:1"});
  state.installing = HardState::Install{9, {10, 11}, state.base};
  state.known = {{1, 2}, {3, 4}};
  const std::string bytes = state.encode();
  const auto again = HardState::decode(bytes);
  REQUIRE(again);
  CHECK(again->encode() == bytes);
  CHECK(again->installing->base.position.index == 3);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(HardState::decode(std::string_view(bytes).substr(0, size)));
  }
  CHECK(HardState::decode("\x09" + bytes.substr(1)).error().code() ==
        StatusCode::FORMAT_UNSUPPORTED);
}

TEST_CASE("checkpoint: pieces lost, doubled, damaged and out of order make the same file") {
  constexpr uint64_t kBytes = 3'000'000;
  std::string content;
  for (uint64_t i = 0; i < kBytes; ++i) content.push_back(static_cast<char>(i * 31 % 251));
  CheckpointReceiver receiver(1, {{"a", 100, kBytes}, {"empty", 0, 0}, {"b", 0, 10}});
  std::string a = content.substr(0, 100);
  std::string b;
  Nanos now = kSecond;
  uint64_t turn = 0;
  while (!receiver.is_complete()) {
    now += 6 * kSecond;
    auto asks = receiver.asks(now);
    REQUIRE_FALSE(asks.empty());
    std::reverse(asks.begin(), asks.end());
    for (const auto& ask : asks) {
      CheckpointChunk chunk{1, ask.file, ask.offset, 0, content.substr(ask.offset, ask.max_bytes)};
      chunk.checksum = crc32c(chunk.bytes);
      if (++turn % 3 == 0) continue;
      if (turn % 5 == 0) chunk.bytes[0] = static_cast<char>(chunk.bytes[0] + 1);
      for (int copies = turn % 4 == 0 ? 2 : 1; copies > 0; --copies) {
        for (const auto& write : receiver.receive(chunk, now)) {
          std::string& file = write.file == "a" ? a : b;
          REQUIRE(write.offset == file.size());
          file += write.bytes;
        }
      }
    }
  }
  CHECK(a == content);
  CHECK(b == content.substr(0, 10));
}
