// Requests and replies as bytes, there and back; cut short at every byte; with every length a lie.
#include <catch2/catch.hpp>
#include <functional>

#include "kvhost/store.hpp"
#include "wire/byte_reader.hpp"
#include "wire/handshake.hpp"
#include "wire/reply.hpp"
#include "wire/request.hpp"

using namespace kvhost;
using namespace kvhost::tcp;

namespace {

Frame frame_of(const std::string& bytes) {
  const auto header = decode_header(bytes, 1 << 20);
  REQUIRE(header.status().to_string() == "ok");
  REQUIRE(header->frame_bytes() == bytes.size());
  return {header->opcode, header->flags, header->request_id,
          std::string_view(bytes).substr(kHeaderBytes)};
}

RequestContext full_context() {
  RequestContext context;
  context.deadline_ms = 1500;
  context.space = 9;
  context.read_level = KVH_READ_LEADER;
  context.snapshot = 77;
  context.idempotency_id = "once";
  context.trace = "trace";
  return context;
}

WriteRequest every_op() {
  WriteRequest request;
  request.put("k", "v", 60);
  request.put_until("k", "", 123456);
  request.put("", "empty key", 0, KVH_OP_KEEP_TTL);
  request.erase("gone", KVH_OP_WANT_EXISTED);
  request.erase_range("a", "b");
  request.erase_range("y", std::nullopt);
  request.increment("n", -3);
  request.require_absent("c1");
  request.require_present("c2");
  request.require_version("c3", 5);
  request.require_value("c4", "v4");
  return request;
}

struct Sample {
  const char* name;
  std::string bytes;
};
std::vector<Sample> every_request() {
  std::vector<Sample> all;
  const auto add = [&](const char* name, const std::function<void(RequestEncoder&)>& encode) {
    Sample sample{name, {}};
    RequestEncoder encoder(sample.bytes);
    encode(encoder);
    all.push_back(std::move(sample));
  };
  const RequestContext context = full_context();
  const std::vector<std::string_view> keys = {"a", "", "ccc"};
  const WriteRequest write = every_op();
  add("authenticate", [](auto& e) { e.authenticate(1, "user", "secret"); });
  add("cancel", [](auto& e) { e.cancel(2, 1); });
  add("read", [&](auto& e) { e.read(3, context, keys); });
  add("write", [&](auto& e) { e.write(4, context, write.ops(), write.conditions()); });
  add("scan", [&](auto& e) { e.scan(5, context, {KVH_RANGE_REVERSE, "a", "z"}, 10, 2000); });
  add("snapshot_open", [&](auto& e) { e.snapshot_open(6, context); });
  add("snapshot_close", [](auto& e) { e.snapshot_close(7, 77); });
  add("cursor_open", [](auto& e) { e.cursor_open(8, {}, {KVH_RANGE_TO_END, "a", ""}); });
  add("cursor_next", [&](auto& e) { e.cursor_next(9, context, 88, 5, 6); });
  add("cursor_close", [](auto& e) { e.cursor_close(10, 88); });
  add("command", [&](auto& e) { e.command(11, context, "flush", "{}"); });
  add("info", [](auto& e) { e.info(12, "status"); });
  return all;
}

}  // namespace

TEST_CASE("codec: a write keeps every operation and condition") {
  const WriteRequest write = every_op();
  std::string bytes;
  RequestEncoder(bytes).write(42, full_context(), write.ops(), write.conditions());
  const Frame frame = frame_of(bytes);
  CHECK(frame.request_id == 42);
  RequestDecoder decoder;
  REQUIRE(decoder.decode(frame).to_string() == "ok");
  const DecodedRequest& request = decoder.request();
  CHECK(request.context.deadline_ms == 1500);
  CHECK(request.context.space == 9);
  CHECK(request.context.read_level == KVH_READ_LEADER);
  CHECK(request.context.snapshot == 77);
  CHECK(request.context.idempotency_id == "once");
  CHECK(request.context.trace == "trace");
  REQUIRE(request.ops.size() == write.ops().size());
  for (std::size_t i = 0; i < request.ops.size(); ++i) {
    INFO(i);
    const kvh_op& sent = write.ops()[i];
    const kvh_op& got = request.ops[i];
    CHECK(got.type == sent.type);
    CHECK(got.flags == sent.flags);
    CHECK(detail::to_view(got.key) == detail::to_view(sent.key));
    CHECK(detail::to_view(got.value) == detail::to_view(sent.value));
    CHECK(got.ttl_ms == sent.ttl_ms);
    CHECK(got.expires_at_ms == sent.expires_at_ms);
    CHECK(got.by == sent.by);
  }
  REQUIRE(request.conditions.size() == 4);
  CHECK(request.conditions[2].version == 5);
  CHECK(detail::to_view(request.conditions[3].value) == "v4");
}

TEST_CASE("codec: reads, ranges and texts keep their parts") {
  RequestDecoder decoder;
  for (const auto& sample : every_request()) {
    INFO(sample.name);
    REQUIRE(decoder.decode(frame_of(sample.bytes)).to_string() == "ok");
    const DecodedRequest& request = decoder.request();
    const std::string name = sample.name;
    if (name == "read") CHECK(request.keys.size() == 3);
    if (name == "scan") {
      CHECK(request.range.flags == KVH_RANGE_REVERSE);
      CHECK(request.range.end == "z");
      CHECK(request.max_rows == 10);
      CHECK(request.max_bytes == 2000);
    }
    if (name == "cursor_next") CHECK(request.handle == 88);
    if (name == "command") CHECK(request.text == "{}");
    if (name == "info") CHECK(request.name == "status");
    if (name == "authenticate") CHECK(request.text == "secret");
  }
}

TEST_CASE("codec: a payload cut short anywhere is refused with words") {
  RequestDecoder decoder;
  for (const auto& sample : every_request()) {
    const Frame whole = frame_of(sample.bytes);
    for (std::size_t length = 0; length < whole.payload.size(); ++length) {
      INFO(sample.name << " cut to " << length);
      Frame cut = whole;
      cut.payload = whole.payload.substr(0, length);
      const Status status = decoder.decode(cut);
      CHECK(status.code() == StatusCode::PROTOCOL_ERROR);
      CHECK(status.message().find(" request: ") != std::string::npos);
    }
    std::string longer(whole.payload);
    longer += '\0';
    Frame more = whole;
    more.payload = longer;
    CHECK(decoder.decode(more).code() == StatusCode::PROTOCOL_ERROR);
  }
}

TEST_CASE("codec: lengths and counts that lie are refused before anything is allocated") {
  RequestDecoder decoder;
  for (const auto& sample : every_request()) {
    const Frame whole = frame_of(sample.bytes);
    for (std::size_t at = 0; at + 4 <= whole.payload.size(); ++at) {
      for (const std::string_view lie :
           {std::string_view("\xff\xff\xff\xff", 4), std::string_view("\xff\xff\xff\x7f", 4),
            std::string_view("\0\0\0\1", 4)}) {
        std::string payload(whole.payload);
        payload.replace(at, 4, lie);
        Frame lying = whole;
        lying.payload = payload;
        const Status status = decoder.decode(lying);
        INFO(sample.name << " at " << at);
        CHECK((status.is_ok() || status.code() == StatusCode::PROTOCOL_ERROR));
        CHECK(decoder.request().keys.capacity() < 100);
        CHECK(decoder.request().ops.capacity() < 100);
      }
    }
  }
}

TEST_CASE("codec: rows, write replies and errors there and back") {
  std::string bytes;
  kvh_entry entry{};
  entry.lookup = KVH_LOOKUP_FOUND;
  entry.key = detail::to_bytes("key");
  entry.value = detail::to_bytes("value");
  entry.version = 7;
  entry.expires_at_ms = 99;
  entry.ttl_ms = 5;
  RowsWriter rows(bytes, Opcode::kScan, 3);
  rows.add(entry);
  entry.expires_at_ms = 0;
  rows.add(entry);
  rows.finish(true);
  const auto reply = decode_rows_reply(frame_of(bytes));
  REQUIRE(reply);
  CHECK(reply->more);
  REQUIRE(reply->rows.size() == 2);
  CHECK(reply->rows[0].key == "key");
  CHECK(reply->rows[0].ttl_ms == 5);
  CHECK(reply->rows[1].ttl_ms == 0);
  CHECK(reply->rows[1].version == 7);

  const kvh_failed_condition failed{2, 9};
  kvh_result result{};
  result.version = 11;
  result.failed = &failed;
  result.failed_count = 1;
  result.failed_stride = sizeof(failed);
  std::string error;
  encode_error_reply(error, 0x11, 3, StatusCode::CONDITION_FAILED, "no", &result);
  const auto decoded = decode_error(frame_of(error));
  CHECK(decoded.status.to_string() == "condition-failed: no");
  CHECK(decoded.write.version == 11);
  REQUIRE(decoded.write.failed.size() == 1);
  CHECK(decoded.write.failed[0].current_version == 9);

  for (std::size_t length = 0; length < bytes.size() - kHeaderBytes; ++length) {
    Frame cut = frame_of(bytes);
    cut.payload = cut.payload.substr(0, length);
    CHECK(decode_rows_reply(cut).status().code() == StatusCode::PROTOCOL_ERROR);
  }
}

TEST_CASE("codec: greetings arrive in pieces") {
  ClientHello hello;
  hello.name = "tester";
  const std::string bytes = encode_client_hello(hello);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto partial = decode_client_hello(std::string_view(bytes).substr(0, length));
    REQUIRE(partial);
    CHECK_FALSE(partial->has_value());
  }
  const auto whole = decode_client_hello(bytes);
  CHECK((*whole)->hello.name == "tester");
  CHECK((*whole)->bytes == bytes.size());
  CHECK(decode_client_hello("G").status().code() == StatusCode::PROTOCOL_ERROR);

  ServerHello answer;
  answer.version = 1;
  answer.max_frame_bytes = uint64_t{1} << 40;
  answer.text = "node1";
  const std::string reply = encode_server_hello(answer);
  for (std::size_t length = 0; length < reply.size(); ++length) {
    CHECK_FALSE(decode_server_hello(std::string_view(reply).substr(0, length))->has_value());
  }
  CHECK((*decode_server_hello(reply))->hello.max_frame_bytes == uint64_t{1} << 40);
}

TEST_CASE("codec: the bytes of the document's example") {
  std::string bytes;
  const std::string_view key = "user";
  RequestEncoder(bytes).read(1, {}, {&key, 1});
  CHECK(bytes == std::string("\x18\0\0\0\x10\0\0\0\x01\0\0\0\0\0\0\0"
                             "\x01\0\0\0\x04\0\0\0user",
                             28));
}
