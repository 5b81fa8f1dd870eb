#include <thread>

#include "store/request_checks.hpp"
#include "store/request_record.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

WriteRequest increment(std::string_view key, int64_t by = 1) {
  WriteRequest request;
  request.increment(key, by);
  return request;
}

uint64_t remembered(StoreFixture& node) {
  const auto iterator = node.engine->iterator({}, {kRequestIdSpace, "", std::nullopt});
  REQUIRE(iterator.has_value());
  uint64_t count = 0;
  for ((*iterator)->seek_to_first(); (*iterator)->valid(); (*iterator)->next()) ++count;
  return count;
}

}  // namespace

TEST_CASE("a retry with the same id is answered as the first time, and not carried out") {
  StoreFixture node;
  WriteRequest request;
  request.put("a", "1");
  request.put("b", "2");
  const auto first = node.write(request, "id-1");
  REQUIRE(first->status.is_ok());
  node.put("a", "changed since");
  const auto retry = node.write(request, "id-1");
  REQUIRE(retry->status.is_ok());
  CHECK(retry->reply.version == first->reply.version);
  REQUIRE(retry->reply.items.size() == 2);
  CHECK(retry->reply.items[0].version == first->reply.items[0].version);
  CHECK(node.get("a") == "changed since");
  CHECK(node.read({"b"})->versions.at(0) == first->reply.version);
  CHECK(node.facade->counters().duplicate_requests == 1);
}

TEST_CASE("counters and existed-answers are the same in a retry") {
  StoreFixture node;
  node.put("there", "x");
  WriteRequest request = increment("n", 5);
  request.erase("there", KVH_OP_WANT_EXISTED);
  request.erase("not there", KVH_OP_WANT_EXISTED);
  const auto first = node.write(request, "id");
  REQUIRE(first->status.is_ok());
  node.write(increment("n", 100));
  node.put("not there", "x");
  const auto retry = node.write(request, "id");
  REQUIRE(retry->status.is_ok());
  REQUIRE(retry->reply.items.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(retry->reply.items[i].number == first->reply.items[i].number);
    CHECK(retry->reply.items[i].existed == first->reply.items[i].existed);
    CHECK(retry->reply.items[i].version == first->reply.items[i].version);
  }
  CHECK(retry->reply.items[0].number == 5);
  CHECK(retry->reply.version == first->reply.version);
  CHECK(node.get("n") == "105");
}

TEST_CASE("another request under a used id is a CONFLICT") {
  StoreFixture node;
  REQUIRE(node.write(put_request("a", "1"), "id")->status.is_ok());
  const auto other = node.write(put_request("a", "2"), "id");
  CHECK(other->status.code() == StatusCode::CONFLICT);
  CHECK(node.get("a") == "1");
}

TEST_CASE(
    "a write that failed its condition leaves its id free; a retry of one that held does not") {
  StoreFixture node;
  WriteRequest request;
  request.require_absent("k");
  request.put("k", "v");
  node.put("k", "in the way");
  const auto refused = node.write(request, "id");
  CHECK(refused->status.code() == StatusCode::CONDITION_FAILED);
  REQUIRE(refused->reply.failed.size() == 1);
  CHECK(refused->reply.failed[0].index == 0);

  WriteRequest remove;
  remove.erase("k");
  node.write(remove);
  const auto done = node.write(request, "id");
  REQUIRE(done->status.is_ok());
  // The condition does not hold any more, yet the answer stands.
  const auto retry = node.write(request, "id");
  CHECK(retry->status.is_ok());
  CHECK(retry->reply.version == done->reply.version);
}

TEST_CASE("ids survive a restart and a flush") {
  StoreFixture node;
  const auto first = node.write(increment("n"), "id");
  REQUIRE(node.engine->flush().is_ok());
  node.facade->stop();
  REQUIRE(node.engine->close().is_ok());
  node.engine.reset();
  node.open_engine(false);
  node.facade = std::make_unique<StoreFacade>(StoreSettings{}, node.timer, node.executor);
  node.facade->attach(*node.engine, nullptr, nullptr);
  node.facade->serve();
  node.session = *node.facade->store().open_session("test", "again");
  node.engine->needs_disk = true;
  const auto retry = node.write(increment("n"), "id");
  REQUIRE(retry->status.is_ok());
  CHECK(retry->reply.items.at(0).number == 1);
  CHECK(retry->reply.version == first->reply.version);
  CHECK(node.get("n") == "1");
}

TEST_CASE("whoever takes the retry knows the answers, though the first node heard of nothing") {
  StoreFixture node;
  node.put("n", "41");
  node.put("there", "x");
  WriteRequest request = increment("n");
  request.erase("there", KVH_OP_WANT_EXISTED);
  node.engine->hold_answers = true;
  const auto first = node.start_write(node.call("id"), request);
  node.engine->hold_answers = false;
  // What was applied is all that another node has.
  auto another = std::make_unique<StoreFacade>(StoreSettings{}, node.timer, node.executor);
  another->attach(*node.engine, nullptr, nullptr);
  another->serve();
  std::swap(node.facade, another);
  const auto session = std::exchange(node.session, *node.facade->store().open_session("test", "b"));
  const auto retry = node.write(request, "id");
  INFO(retry->status.to_string());
  REQUIRE(retry->status.is_ok());
  REQUIRE(retry->reply.items.size() == 2);
  CHECK(retry->reply.items[0].number == 42);
  CHECK(retry->reply.items[1].existed);
  node.engine->release();
  first->wait();
  CHECK(first->reply.items.at(0).version == retry->reply.items[0].version);
  CHECK(first->reply.version == retry->reply.version);
  CHECK(node.get("n") == "42");
  std::swap(node.facade, another);
  node.session = session;
  another->stop();
}

TEST_CASE("records of earlier programs are answered") {
  StoreFixture node;
  const uint64_t first = node.write(increment("n"), "id")->reply.version;
  const auto stored = node.engine->get({}, kRequestIdSpace, "id");
  REQUIRE(stored.has_value());
  RequestRecord record = *decode_record(stored->value.view());
  const auto keep = [&](RecordState state) {
    record.state = state;
    engine::WriteBatch batch;
    batch.put(kRequestIdSpace, "id", encode_record(record));
    REQUIRE(node.engine->write({}, batch).has_value());
  };
  record.first_version = first;
  keep(RecordState::kWithAnswers);
  CHECK(node.write(increment("n"), "id")->reply.items.at(0).number == 1);
  CHECK(node.write(increment("n"), "id")->reply.version == first);
  // The node went down between the two writes that such a record took.
  keep(RecordState::kAnswersFollow);
  const auto lost = node.write(increment("n"), "id");
  CHECK(lost->status.code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK_THAT(lost->status.message(), Catch::Matchers::Contains("carried out before, once"));
  CHECK(node.get("n") == "1");
}

TEST_CASE("retries that overlap the first attempt wait for it") {
  StoreFixture node;
  node.engine->hold_answers = true;
  std::vector<AnswerPtr> attempts;
  for (int i = 0; i < 4; ++i) attempts.push_back(node.start_write(node.call("id"), increment("n")));
  CHECK(node.engine->writes() == 1);
  node.engine->hold_answers = false;
  CHECK(node.engine->release() == 1);
  for (const auto& attempt : attempts) {
    attempt->wait();
    REQUIRE(attempt->status.is_ok());
    CHECK(attempt->reply.items.at(0).number == 1);
  }
  CHECK(node.get("n") == "1");
}

TEST_CASE("a first attempt that was refused hands over to the retry that waits") {
  StoreFixture node;
  node.put("n", "no number");
  node.engine->hold_answers = true;
  const auto first = node.start_write(node.call("id"), increment("n"));
  WriteRequest request = increment("n");
  const auto second = node.start_write(node.call("id"), request);
  node.engine->hold_answers = false;
  node.engine->release();
  first->wait();
  second->wait();
  CHECK(first->status.code() == StatusCode::NOT_A_NUMBER);
  CHECK(second->status.code() == StatusCode::NOT_A_NUMBER);
}

TEST_CASE("many threads with the same ids: each id counts once") {
  StoreFixture node;
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const std::string id = "id" + std::to_string(i);
        const auto answer = node.start_write(node.call(id), increment("n"));
        answer->wait();
        if (answer->status.is_ok()) ++answered;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(answered == 200);
  CHECK(node.get("n") == "50");
}

TEST_CASE("ids are forgotten after their time, and beyond their number") {
  StoreSettings settings;
  settings.max_request_ids = 16;
  settings.request_id_ttl = 60s;
  StoreFixture node(settings);
  for (int i = 0; i < 64; ++i) {
    REQUIRE(node.write(put_request("k", "v"), "id" + std::to_string(i))->status.is_ok());
  }
  CHECK(eventually([&] { return remembered(node) <= 18; }));
  // The newest is still known.
  CHECK(node.write(put_request("k", "v"), "id63")->status.is_ok());
  CHECK(node.facade->counters().duplicate_requests == 1);
  node.clock.advance(61s);
  CHECK(remembered(node) == 0);
}

TEST_CASE("records survive their encoding, and damage is told") {
  RequestRecord record{RecordState::kWithAnswers, 77, 2, 1'000, {{1, 0, -5, 0}, {0, 0, 8, 0}}};
  const std::string bytes = encode_record(record);
  const auto read = decode_record(bytes);
  REQUIRE(read.has_value());
  const auto outcome = outcome_of(*read, 9'999);
  CHECK(outcome.items.at(0).number == -5);
  CHECK(outcome.items.at(1).version == 1'001);
  CHECK(outcome.version == 1'001);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CHECK(decode_record(std::string_view(bytes).substr(0, cut)).error().code() ==
          StatusCode::CORRUPTION);
  }
  std::string lying = bytes;
  lying[10] = '\xFF';
  CHECK_FALSE(decode_record(lying).has_value());
  CHECK(fingerprint_of("abc") != fingerprint_of("abd"));
  CHECK(fingerprint_of("12345678") != fingerprint_of("12345679"));
  CHECK(fingerprint_of("abc") == fingerprint_of("abc"));
}

}  // namespace kvhost::host::testing
