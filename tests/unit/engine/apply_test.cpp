// The state machine of a replication strategy: ordered batches, a position atomic with the data.
#include "engine_story.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

Options without_log() {
  Options options = small_options();
  options.wal_sync = WalSync::kOff;
  return options;
}

// Batch number `index` of a history that has a bit of everything.
WriteBatch batch_at(uint64_t index) {
  WriteBatch batch;
  const std::string key = "k" + std::to_string(index % 7);
  switch (index % 5) {
    case 0:
      batch.put(0, key, std::string(200, 'v') + std::to_string(index), Expiry::after_ms(40));
      break;
    case 1:
      batch.require_absent(0, key);
      batch.put(0, key, "fresh", Expiry::keep_old(), kWantExisted);
      break;
    case 2:
      batch.increment(0, "count", 1);
      batch.erase(0, key, kWantExisted);
      batch.put(9, "answers", std::to_string(index), Expiry::after_ms(60), kAppendAnswers);
      break;
    case 3:
      batch.erase(0, key, kWantExisted);
      break;
    default:
      batch.erase_range(0, "k2", "k4");
      batch.put(0, key, "after the range");
      break;
  }
  return batch;
}

ReplicationPosition at(uint64_t index) { return {"raft", 1, 3, index}; }

// Applies [first, end) and tells what came out, in words.
std::string apply(Engine& engine, uint64_t first, uint64_t end, uint64_t step = 1) {
  std::string told;
  for (uint64_t index = first; index < end; index += step) {
    std::vector<WriteBatch> batches;
    std::vector<OrderedBatch> ordered;
    for (uint64_t i = index; i < std::min(end, index + step); ++i) batches.push_back(batch_at(i));
    for (std::size_t i = 0; i < batches.size(); ++i) {
      ordered.push_back({1000 + (index + i) * 10, batches[i].bytes()});
    }
    const auto results = engine.apply(at(index), ordered);
    INFO(results.status().to_string());
    REQUIRE(results.has_value());
    for (const WriteResult& one : *results) {
      told += std::to_string(one.version) + (one.outcome.is_ok() ? "" : "!");
      for (const OpResult& op : one.ops) {
        told += (op.existed ? "+" : "-") + std::to_string(op.number);
      }
      told += ' ';
    }
  }
  return told;
}

}  // namespace

TEST_CASE("apply is deterministic: any grouping, any flushes, the same results and state") {
  Story one(without_log());
  Story other(without_log());
  other.clock.advance_ms(123456);
  const std::string first = apply(one.engine(), 1, 200);
  std::string second = apply(other.engine(), 1, 100, 13);
  other.flush();
  other.compact();
  second += apply(other.engine(), 100, 200, 7);
  CHECK(first == second);
  CHECK(one.engine().last_sequence() == other.engine().last_sequence());
  ReadOptions then;
  then.now_ms = 2990;
  CHECK(one.engine().get(then, 0, "count")->version ==
        other.engine().get(then, 0, "count")->version);
}

TEST_CASE("the state at the durable position is exact: replay goes on there") {
  Story whole(without_log());
  const std::string expected = apply(whole.engine(), 1, 300);
  const uint64_t final_sequence = whole.engine().last_sequence();

  std::vector<uint64_t> durable;  // told until the engine's very end
  Story story(without_log());
  const auto listen = [&] {
    story.engine().on_durable([&](const ReplicationPosition& p) { durable.push_back(p.index); });
  };
  listen();
  apply(story.engine(), 1, 120, 5);
  story.flush();
  CHECK(story.engine().durable_position().index == 119);
  CHECK(durable.back() == 119);
  apply(story.engine(), 120, 250, 3);
  CHECK(story.engine().applied_position().index == 249);
  story.crash();
  listen();
  const ReplicationPosition position = story.engine().durable_position();
  CHECK(position.index >= 119);
  CHECK(position.strategy == "raft");
  CHECK(position.term == 3);
  CHECK(story.engine().applied_position().index == position.index);
  const std::string rest = apply(story.engine(), position.index + 1, 300);
  CHECK(expected.size() > rest.size());
  CHECK(expected.substr(expected.size() - rest.size()) == rest);
  CHECK(story.engine().last_sequence() == final_sequence);
  ReadOptions then;
  then.now_ms = 4000;
  for (int i = 0; i < 7; ++i) {
    const std::string key = "k" + std::to_string(i);
    const auto a = whole.engine().get(then, 0, key);
    const auto b = story.engine().get(then, 0, key);
    CHECK(a->found() == b->found());
    CHECK(a->version == b->version);
    CHECK(a->value.view() == b->value.view());
  }
}

TEST_CASE("a batch that changes nothing still moves the position") {
  Story story(without_log());
  WriteBatch never;
  never.require_present(0, "nobody");
  const std::vector<OrderedBatch> batches = {{5000, never.bytes()}};
  const auto result = story.engine().apply(at(1), batches);
  REQUIRE(result.has_value());
  CHECK((*result)[0].outcome.code() == StatusCode::CONDITION_FAILED);
  story.flush();
  CHECK(story.engine().durable_position().index == 1);
  story.crash();
  CHECK(story.engine().durable_position().index == 1);
  CHECK(story.engine().now_ms() >= 5000);
}

TEST_CASE("malformed batches have an outcome of their own, the same everywhere") {
  Story story(without_log());
  WriteBatch good;
  good.put(0, "a", "1");
  std::string cut(good.bytes());
  cut.pop_back();
  const std::vector<OrderedBatch> batches = {{1, cut}, {2, good.bytes()}};
  const auto results = story.engine().apply(at(1), batches);
  REQUIRE(results.has_value());
  CHECK((*results)[0].outcome.code() == StatusCode::CORRUPTION);
  CHECK((*results)[1].outcome.is_ok());
  CHECK(story.get("a") == "1");
}

TEST_CASE("apply refuses gaps, and engines with a log of their own") {
  Story story(without_log());
  apply(story.engine(), 1, 5);
  WriteBatch batch = batch_at(9);
  const std::vector<OrderedBatch> batches = {{1, batch.bytes()}};
  CHECK(story.engine().apply(at(9), batches).status().code() == StatusCode::INVALID_ARGUMENT);
  CHECK(story.engine().applied_position().index == 4);
  // Another incarnation counts anew.
  ReplicationPosition anew = at(1);
  anew.incarnation = 2;
  CHECK(story.engine().apply(anew, batches).has_value());
  Story logged;
  CHECK(logged.engine().apply(at(1), batches).status().code() == StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("an idle follower's time goes on with the monotonic clock, not the wall clock") {
  Story story(without_log());
  WriteBatch batch;
  batch.put(0, "a", "1", Expiry::after_ms(100));
  const std::vector<OrderedBatch> batches = {{7000, batch.bytes()}};
  REQUIRE(story.engine().apply(at(1), batches).has_value());
  CHECK(story.engine().now_ms() == 7000);
  story.clock.set_wall_ms(99'999'999);
  CHECK(story.get("a") == "1");
  story.clock.advance_ms(100);
  CHECK(story.engine().now_ms() == 7100);
  CHECK(story.get("a") == "(absent)");
}
