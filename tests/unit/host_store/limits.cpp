#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

StoreSettings small() {
  StoreSettings settings;
  settings.max_key_bytes = 8;
  settings.max_value_bytes = 16;
  settings.max_batch_bytes = 40;
  settings.max_batch_ops = 4;
  settings.max_read_keys = 3;
  settings.max_rows = 5;
  return settings;
}

void check_refusal(const Status& status, StatusCode code, const std::string& part) {
  CHECK(status.code() == code);
  CHECK_THAT(status.message(), Catch::Matchers::Contains(part));
}

}  // namespace

TEST_CASE("sizes beyond a limit are TOO_LARGE, and the limit is named") {
  StoreFixture node(small());
  const std::string long_key(9, 'k');
  const std::string long_value(17, 'v');
  check_refusal(node.put(long_key, "v")->status, StatusCode::TOO_LARGE, "max_key_size");
  check_refusal(node.read({long_key})->status, StatusCode::TOO_LARGE, "the limit is 8 bytes");
  check_refusal(node.put("k", long_value)->status, StatusCode::TOO_LARGE, "max_value_size");
  CHECK(node.put(std::string(8, 'k'), std::string(16, 'v'))->status.is_ok());

  WriteRequest batch;
  for (int i = 0; i < 3; ++i) batch.put("k", std::string(16, 'v'));
  check_refusal(node.write(batch)->status, StatusCode::TOO_LARGE, "batch of 51 bytes");
  WriteRequest many;
  for (int i = 0; i < 5; ++i) many.put("k", "v");
  check_refusal(node.write(many)->status, StatusCode::TOO_LARGE, "the limit is 4");
  check_refusal(node.read({"a", "b", "c", "d"})->status, StatusCode::TOO_LARGE, "3 keys");

  WriteRequest condition;
  condition.require_value("k", long_value);
  condition.put("k", "v");
  check_refusal(node.write(condition)->status, StatusCode::TOO_LARGE, "max_value_size");
  WriteRequest range;
  range.erase_range("a", long_key);
  check_refusal(node.write(range)->status, StatusCode::TOO_LARGE, "max_key_size");
}

TEST_CASE("pages and ranges have limits, too") {
  StoreFixture node(small());
  CHECK(node.store().open_cursor(node.call(), {std::string(9, 'k'), std::nullopt}).error().code() ==
        StatusCode::TOO_LARGE);
  const auto cursor = node.store().open_cursor(node.call(), {});
  REQUIRE(cursor.has_value());
  check_refusal(node.finished(node.start_page(node.call(), *cursor, 6)).status,
                StatusCode::TOO_LARGE, "5 rows");
  check_refusal(node.finished(node.start_page(node.call(), *cursor, 0)).status,
                StatusCode::INVALID_ARGUMENT, "0 rows");
}

TEST_CASE("malformed calls are refused with words") {
  StoreFixture node;
  Call reserved = node.call();
  reserved.space = 16;
  check_refusal(node.finished(node.start_read(reserved, {"k"})).status,
                StatusCode::INVALID_ARGUMENT, "space 16 is reserved");
  Call stranger = node.call();
  stranger.session = 12345;
  check_refusal(node.finished(node.start_read(stranger, {"k"})).status,
                StatusCode::INVALID_ARGUMENT, "session 12345 is not open");
  stranger.session = 0;
  check_refusal(node.finished(node.start_read(stranger, {"k"})).status,
                StatusCode::INVALID_ARGUMENT, "session 0 is not open");
  const std::string long_id(129, 'i');
  check_refusal(node.finished(node.start_write(node.call(long_id), put_request("k", "v"))).status,
                StatusCode::INVALID_ARGUMENT, "request id of 129 bytes");

  WriteRequest both;
  both.put("k", "v", 1000, KVH_OP_KEEP_TTL);
  check_refusal(node.write(both)->status, StatusCode::INVALID_ARGUMENT, "not two of them");
  WriteRequest ages;
  ages.put("k", "v", UINT64_MAX);
  check_refusal(node.write(ages)->status, StatusCode::INVALID_ARGUMENT, "thousand years");
}

TEST_CASE("the C table checks sizes, strides and types") {
  StoreFixture node;
  const kvh_store& table = *node.facade->table();
  const kvh_result_sink sink{[](void*, const kvh_result*) noexcept {}, nullptr};
  const kvh_done done{[](void*, int32_t, const kvh_error*) noexcept {}, nullptr};
  kvh_call call = node.call().to_abi();
  const auto write = [&](kvh_op op, uint64_t stride) {
    kvh_error error = detail::make_error();
    const int32_t code =
        table.write(table.self, &call, &op, 1, stride, nullptr, 0, 0, sink, done, &error);
    CHECK(error.text_size > 0);
    return code;
  };
  CHECK(write({KVH_OP_PUT, 0, {"k", 1}, {"v", 1}, 0, 0, 0}, 8) == KVH_INVALID_ARGUMENT);
  CHECK(write({99, 0, {"k", 1}, {"v", 1}, 0, 0, 0}, sizeof(kvh_op)) == KVH_INVALID_ARGUMENT);
  CHECK(write({KVH_OP_PUT, 0, {nullptr, 1}, {"v", 1}, 0, 0, 0}, sizeof(kvh_op)) ==
        KVH_INVALID_ARGUMENT);
  call.size = 16;
  CHECK(write({KVH_OP_PUT, 0, {"k", 1}, {"v", 1}, 0, 0, 0}, sizeof(kvh_op)) ==
        KVH_INVALID_ARGUMENT);
}

TEST_CASE("writes under way beyond the limit of bytes are OVERLOADED, one large one is not") {
  StoreSettings settings;
  settings.max_in_flight_write_bytes = 10'000;
  StoreFixture node(settings);
  node.engine->hold_answers = true;
  const std::string big(50'000, 'v');
  const auto first = node.start_write(node.call(), put_request("big", big));
  const auto second = node.start_write(node.call(), put_request("small", "v"));
  second->wait();
  check_refusal(second->status, StatusCode::OVERLOADED, "the limit is 10000 bytes");
  CHECK(first->completions.value() == 0);
  node.engine->release();
  first->wait();
  CHECK(first->status.is_ok());
  CHECK(eventually([&] { return node.facade->counters().in_flight_write_bytes == 0; }));
  node.engine->hold_answers = false;
  CHECK(node.put("small", "v")->status.is_ok());
}

TEST_CASE("the count of pending calls is bounded") {
  StoreSettings settings;
  settings.max_pending_calls = 3;
  StoreFixture node(settings);
  node.engine->hold_answers = true;
  std::vector<AnswerPtr> held;
  for (int i = 0; i < 3; ++i) held.push_back(node.start_write(node.call(), put_request("k", "v")));
  const auto refused = node.start_write(node.call(), put_request("k", "v"));
  refused->wait();
  check_refusal(refused->status, StatusCode::OVERLOADED, "3 calls are pending");
  node.engine->release();
  for (const auto& each : held) each->wait();
}

TEST_CASE("sessions and what they hold are bounded, and closing gives back") {
  StoreSettings settings;
  settings.max_sessions = 2;
  settings.max_session_resources = 2;
  settings.max_resources = 3;
  StoreFixture node(settings);
  const auto other = node.store().open_session("test", "b");
  REQUIRE(other.has_value());
  CHECK(node.store().open_session("test", "c").error().code() == StatusCode::OVERLOADED);

  const auto one = node.store().open_snapshot(node.call());
  const auto two = node.store().open_cursor(node.call(), {});
  REQUIRE((one.has_value() && two.has_value()));
  CHECK(node.store().open_snapshot(node.call()).error().code() == StatusCode::OVERLOADED);
  Call theirs = node.call();
  theirs.session = *other;
  REQUIRE(node.store().open_snapshot(theirs).has_value());
  check_refusal(node.store().open_snapshot(theirs).error(), StatusCode::OVERLOADED, "all sessions");
  node.store().close_cursor(node.session, *two);
  CHECK(node.store().open_snapshot(theirs).has_value());

  // A handle of a closed session is not the handle of the next one.
  node.store().close_session(*other);
  CHECK(node.facade->counters().snapshots == 1);
  const auto next = node.store().open_session("test", "d");
  REQUIRE(next.has_value());
  CHECK(*next != *other);
  CHECK(node.finished(node.start_read(theirs, {"k"})).status.code() ==
        StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("nobody authenticates yet") {
  StoreFixture node;
  const Status status = node.store().authenticate(node.session, "me", "secret");
  check_refusal(status, StatusCode::NOT_SUPPORTED, "not supported yet");
}

}  // namespace kvhost::host::testing
