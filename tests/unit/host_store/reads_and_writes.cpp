#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {

TEST_CASE("what was written is read, with its version") {
  StoreFixture node;
  const auto written = node.put("apple", "red");
  REQUIRE(written->status.is_ok());
  const auto read = node.read({"apple"});
  CHECK(read->rows.at(0) == std::pair<std::string, std::string>("apple", "red"));
  CHECK(read->versions.at(0) == written->reply.version);
  CHECK(read->ttls.at(0) == 0);
  CHECK(node.get("pear") == "(absent)");
}

TEST_CASE("what the engine can write at once is answered inside the call, and counted") {
  StoreFixture node;
  // The first write of a life reserves numbers on the disk.
  node.put("first", "1");
  const uint64_t before = node.engine->writes();
  node.engine->writes_at_once = true;
  const kvh_store& store = *node.facade->table();
  kvh_call call{};
  call.size = sizeof call;
  call.session = node.session;
  kvh_op op{};
  op.type = KVH_OP_PUT;
  op.key = detail::to_bytes("apple");
  op.value = detail::to_bytes("red");
  struct Told {
    int sinks = 0;
    int completions = 0;
    uint64_t version = 0;
    uint64_t failed = 0;
  } told;
  const kvh_result_sink sink{[](void* ctx, const kvh_result* result) noexcept {
                               auto& to = *static_cast<Told*>(ctx);
                               ++to.sinks;
                               to.version = result->version;
                               to.failed = result->failed_count;
                             },
                             &told};
  const kvh_done done{
      [](void* ctx, int32_t, const kvh_error*) noexcept { ++static_cast<Told*>(ctx)->completions; },
      &told};
  kvh_error error = detail::make_error();
  CHECK(store.write(store.self, &call, &op, 1, sizeof op, nullptr, 0, sizeof(kvh_condition), sink,
                    done, &error) == KVH_OK);
  CHECK(told.sinks == 1);
  CHECK(told.version > 0);
  CHECK(node.get("apple") == "red");
  kvh_condition absent{};
  absent.type = KVH_IF_ABSENT;
  absent.key = op.key;
  CHECK(store.write(store.self, &call, &op, 1, sizeof op, &absent, 1, sizeof absent, sink, done,
                    &error) == KVH_CONDITION_FAILED);
  CHECK(told.sinks == 2);
  CHECK(told.failed == 1);
  CHECK(told.completions == 0);
  CHECK(node.engine->writes() == before + 2);
}

TEST_CASE("a read of several keys answers in the order asked for") {
  StoreFixture node;
  node.put("a", "1");
  node.put("c", "3");
  const auto read = node.read({"c", "b", "a", "c"});
  REQUIRE(read->status.is_ok());
  CHECK(read->found == std::vector<bool>{true, false, true, true});
  CHECK(read->rows.at(1).first == "b");
  CHECK(read->rows.at(2).second == "1");
}

TEST_CASE("a read of no keys is answered with nothing") {
  StoreFixture node;
  const auto read = node.read({});
  CHECK(read->status.is_ok());
  CHECK(read->rows.empty());
}

TEST_CASE("what memory does not hold is read on the read lane") {
  StoreFixture node;
  node.put("apple", "red");
  std::atomic<std::thread::id> reader{};
  node.engine->needs_disk = true;
  node.engine->on_disk_read = [&] { reader = std::this_thread::get_id(); };
  CHECK(node.get("apple") == "red");
  CHECK(reader.load() != std::this_thread::get_id());
  const auto both = node.read({"apple", "pear"});
  CHECK(both->found == std::vector<bool>{true, false});
}

TEST_CASE("the ttl that is left is told, and an expired key is absent") {
  StoreFixture node;
  node.put("k", "v", 5'000);
  node.clock.advance(1s);
  const auto read = node.read({"k"});
  REQUIRE(read->found.at(0));
  CHECK(read->ttls.at(0) <= 4'000);
  CHECK(read->ttls.at(0) > 3'000);
  node.clock.advance(10s);
  CHECK(node.get("k") == "(absent)");
}

TEST_CASE("a put keeps the old ttl when it is told to") {
  StoreFixture node;
  node.put("k", "v", 60'000);
  WriteRequest again;
  again.put("k", "w", 0, KVH_OP_KEEP_TTL);
  REQUIRE(node.write(again)->status.is_ok());
  CHECK(node.read({"k"})->ttls.at(0) > 0);
  node.put("k", "x");
  CHECK(node.read({"k"})->ttls.at(0) == 0);
}

TEST_CASE("spaces do not see each other") {
  StoreFixture node;
  node.put("k", "zero");
  Call other = node.call();
  other.space = 3;
  CHECK(node.finished(node.start_read(other, {"k"})).found.at(0) == false);
  REQUIRE(node.finished(node.start_write(other, put_request("k", "three"))).status.is_ok());
  CHECK(node.get("k") == "zero");
}

TEST_CASE("a batch happens whole, and its results tell of each operation") {
  StoreFixture node;
  node.put("gone", "x");
  WriteRequest request;
  request.put("a", "1");
  request.erase("gone", KVH_OP_WANT_EXISTED);
  request.erase("never", KVH_OP_WANT_EXISTED);
  request.increment("n", 7);
  const auto written = node.write(request);
  REQUIRE(written->status.is_ok());
  const auto& items = written->reply.items;
  REQUIRE(items.size() == 4);
  CHECK(items[1].existed == 1);
  CHECK(items[2].existed == 0);
  CHECK(items[3].number == 7);
  CHECK(items[3].version == written->reply.version);
  CHECK(node.get("n") == "7");
}

TEST_CASE("a failed condition names itself, and nothing is written") {
  StoreFixture node;
  const auto first = node.put("k", "v");
  WriteRequest request;
  request.require_value("k", "v");
  request.require_absent("k");
  request.require_version("other", 5);
  request.put("k", "w");
  const auto refused = node.write(request);
  CHECK(refused->status.code() == StatusCode::CONDITION_FAILED);
  REQUIRE(refused->reply.failed.size() == 2);
  CHECK(refused->reply.failed[0].index == 1);
  CHECK(refused->reply.failed[0].current_version == first->reply.version);
  CHECK(refused->reply.failed[1].current_version == 0);
  CHECK(node.get("k") == "v");
}

TEST_CASE("a counter over something else is refused") {
  StoreFixture node;
  node.put("k", "not a number");
  WriteRequest request;
  request.increment("k", 1);
  CHECK(node.write(request)->status.code() == StatusCode::NOT_A_NUMBER);
}

TEST_CASE("delete_range with an end and to the end of the space") {
  StoreFixture node;
  for (const char* key : {"a", "b", "c", "d"}) node.put(key, "v");
  WriteRequest some;
  some.erase_range("a", "c");
  REQUIRE(node.write(some)->status.is_ok());
  CHECK(node.get("b") == "(absent)");
  CHECK(node.get("c") == "v");
  WriteRequest rest;
  rest.erase_range("", std::nullopt);
  REQUIRE(node.write(rest)->status.is_ok());
  CHECK(node.get("d") == "(absent)");
}

TEST_CASE("a snapshot shows the state it was taken of, until it is closed") {
  StoreFixture node;
  node.put("k", "old");
  const auto snapshot = node.store().open_snapshot(node.call());
  REQUIRE(snapshot.has_value());
  node.put("k", "new");
  Call pinned = node.call();
  pinned.snapshot = *snapshot;
  CHECK(node.finished(node.start_read(pinned, {"k"})).rows.at(0).second == "old");
  CHECK(node.get("k") == "new");
  node.store().close_snapshot(node.session, *snapshot);
  CHECK(node.finished(node.start_read(pinned, {"k"})).status.code() ==
        StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("without a strategy every read level is served by the engine") {
  StoreFixture node;
  node.put("k", "v");
  for (const ReadLevel level : {ReadLevel::kLocal, ReadLevel::kLeader, ReadLevel::kLinearizable}) {
    Call how = node.call();
    how.read_level = level;
    CHECK(node.finished(node.start_read(how, {"k"})).status.is_ok());
  }
}

TEST_CASE("requests are counted by kind and status") {
  StoreFixture node;
  node.put("k", "v");
  node.get("k");
  node.get("absent");
  node.read({"a", "b", "c"});
  WriteRequest batch;
  batch.put("x", "1");
  batch.erase("y");
  node.write(batch);
  const auto& counters = node.facade->counters();
  CHECK(counters.requests(RequestKind::kPut, KVH_OK) == 1);
  CHECK(counters.requests(RequestKind::kGet, KVH_OK) == 2);
  CHECK(counters.requests(RequestKind::kMultiGet, KVH_OK) == 1);
  CHECK(counters.requests(RequestKind::kBatch, KVH_OK) == 1);
  CHECK(counters.operations(OperationKind::kGet) == 5);
  CHECK(counters.operations(OperationKind::kPut) == 2);
  CHECK(counters.operations(OperationKind::kDelete) == 1);
  CHECK(counters.durations(RequestKind::kGet).count == 2);
}

}  // namespace kvhost::host::testing
