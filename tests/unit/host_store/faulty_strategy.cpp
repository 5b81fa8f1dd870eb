// A strategy whose table was written by hand, and badly: sizes, words and ends that are wrong.
#include <cstddef>

#include "adapters/replication_adapter.hpp"
#include "kvhost/detail/boundary.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

// What the next call of a slot does, besides what it returns.
struct Script {
  void (*propose)(kvh_results_sink sink, kvh_done done) = [](kvh_results_sink, kvh_done) {};
  void (*barrier)(kvh_barrier_sink sink, kvh_done done) = [](kvh_barrier_sink, kvh_done) {};
  int32_t code = KVH_PENDING;
  std::string log;

  static Script& of(void* self) { return *static_cast<Script*>(self); }
};

kvh_replication faulty_table() {
  kvh_replication table{};
  table.size = sizeof(table);
  table.traits = [](void*) noexcept -> uint64_t { return KVH_TRAIT_OWN_LOG; };
  table.attach = [](void*, const kvh_state_machine*, kvh_error*) noexcept -> int32_t {
    return KVH_OK;
  };
  table.propose = [](void* self, const kvh_call*, const kvh_bytes*, uint64_t, kvh_results_sink sink,
                     kvh_done done, kvh_error*) noexcept -> int32_t {
    Script::of(self).propose(sink, done);
    return Script::of(self).code;
  };
  table.read_barrier = [](void* self, const kvh_call*, kvh_barrier_sink sink, kvh_done done,
                          kvh_error*) noexcept -> int32_t {
    Script::of(self).barrier(sink, done);
    return Script::of(self).code;
  };
  return table;
}

struct FaultyNode : StoreFixture {
  FaultyNode() : StoreFixture({}, nullptr, true) {
    log_table.size = sizeof(log_table);
    log_table.self = &script;
    log_table.enabled = [](void*, uint32_t) noexcept -> int32_t { return 1; };
    log_table.write = [](void* self, uint32_t, kvh_bytes text) noexcept {
      Script::of(self).log += std::string(detail::to_view(text)) + "\n";
    };
    adapter = std::make_unique<ReplicationAdapter>(&table, &script, "faulty", *engine, StatePlace{},
                                                   CallOwner::make(::kvhost::Log(&log_table)));
  }
  WriteOutcome propose() {
    std::optional<WriteOutcome> outcome;
    adapter->propose({}, "batch", [&](WriteOutcome told) { outcome = std::move(told); });
    REQUIRE(outcome.has_value());
    return *outcome;
  }
  Status barrier() {
    std::optional<Status> status;
    adapter->read_barrier(
        {}, [&](Result<ReadBarrier> told) { status = told ? Status() : told.error(); });
    REQUIRE(status.has_value());
    return *status;
  }
  const kvh_replication table = faulty_table();
  Script script;
  kvh_log log_table{};
  std::unique_ptr<ReplicationAdapter> adapter;
};

bool says(const Status& status, std::string_view words) {
  return status.message().find(words) != std::string::npos;
}

TEST_CASE("a result whose sizes are wrong is not read, and its outcome is unknown") {
  FaultyNode node;
  SECTION("it is too short") {
    node.script.propose = [](kvh_results_sink sink, kvh_done done) {
      kvh_result result{};
      result.size = offsetof(kvh_result, items);
      sink.fn(sink.ctx, 0, KVH_OK, &result, nullptr);
      done.fn(done.ctx, KVH_OK, nullptr);
    };
  }
  SECTION("it counts items that are not there") {
    node.script.propose = [](kvh_results_sink sink, kvh_done done) {
      kvh_result result{};
      result.size = sizeof(result);
      result.item_count = 3;
      result.item_stride = sizeof(kvh_op_result);
      sink.fn(sink.ctx, 0, KVH_OK, &result, nullptr);
      done.fn(done.ctx, KVH_OK, nullptr);
    };
  }
  SECTION("its items overlap") {
    node.script.propose = [](kvh_results_sink sink, kvh_done done) {
      kvh_op_result item{};
      kvh_result result{};
      result.size = sizeof(result);
      result.items = &item;
      result.item_count = 2;
      result.item_stride = 1;
      sink.fn(sink.ctx, 0, KVH_OK, &result, nullptr);
      done.fn(done.ctx, KVH_OK, nullptr);
    };
  }
  const auto outcome = node.propose();
  CHECK(outcome.status.code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(says(outcome.status, "faulty: the result of a write cannot be read"));
  CHECK(outcome.items.empty());
}

TEST_CASE("a longer result of a newer SDK is read as far as it is known") {
  FaultyNode node;
  node.script.propose = [](kvh_results_sink sink, kvh_done done) {
    struct LongItem {
      kvh_op_result item;
      uint64_t news;
    };
    LongItem items[2] = {};
    items[1].item.existed = 1;
    struct {
      kvh_result result;
      uint64_t news;
    } longer{};
    longer.result.size = sizeof(longer);
    longer.result.version = 7;
    longer.result.items = &items[0].item;
    longer.result.item_count = 2;
    longer.result.item_stride = sizeof(LongItem);
    sink.fn(sink.ctx, 0, KVH_OK, &longer.result, nullptr);
    done.fn(done.ctx, KVH_OK, nullptr);
  };
  const auto outcome = node.propose();
  CHECK(outcome.status.is_ok());
  CHECK(outcome.version == 7);
  REQUIRE(outcome.items.size() == 2);
  CHECK(outcome.items[1].existed == 1);
}

TEST_CASE("a barrier that is null or too short grants nothing") {
  FaultyNode node;
  SECTION("null") {
    node.script.barrier = [](kvh_barrier_sink sink, kvh_done done) {
      sink.fn(sink.ctx, nullptr);
      done.fn(done.ctx, KVH_OK, nullptr);
    };
  }
  SECTION("too short") {
    node.script.barrier = [](kvh_barrier_sink sink, kvh_done done) {
      kvh_barrier barrier{};
      barrier.size = offsetof(kvh_barrier, now_ms);
      sink.fn(sink.ctx, &barrier);
      done.fn(done.ctx, KVH_OK, nullptr);
    };
  }
  CHECK(node.barrier().code() == StatusCode::PLUGIN_ERROR);
}

TEST_CASE("codes that nobody knows, and words that are missing or shorter than they say") {
  FaultyNode node;
  node.script.code = 4711;
  CHECK(node.propose().status.code() == StatusCode::PLUGIN_ERROR);
  CHECK(says(node.propose().status, "status 4711, which no host knows"));
  node.script.code = -2;
  CHECK(says(node.barrier(), "status -2, which no host knows"));
  node.script.code = KVH_NO_QUORUM;
  CHECK(node.propose().status.code() == StatusCode::NO_QUORUM);
  CHECK(says(node.propose().status, "faulty: no-quorum, without a word of why"));
  node.script.code = KVH_PENDING;
  node.script.propose = [](kvh_results_sink, kvh_done done) {
    // An error with room for four bytes that claims to have a thousand.
    struct {
      uint32_t size = 20;
      int32_t code = KVH_IO_ERROR;
      uint32_t text_size = 1000;
      uint32_t reserved = 0;
      char text[4] = {'d', 'i', 's', 'k'};
      char beyond[4] = {'X', 'X', 'X', 'X'};
    } words;
    done.fn(done.ctx, KVH_IO_ERROR, reinterpret_cast<const kvh_error*>(&words));
  };
  const Status told = node.propose().status;
  CHECK(told.code() == StatusCode::IO_ERROR);
  CHECK(told.message() == "disk");
}

TEST_CASE("an apply without a position or with overlapping batches is refused") {
  FaultyNode node;
  const kvh_state_machine* const table = node.adapter->state_machine().table();
  const kvh_ordered_batch batch{};
  kvh_error words = detail::make_error();
  CHECK(table->apply(table->self, nullptr, &batch, 1, sizeof(batch), {}, &words) ==
        KVH_INVALID_ARGUMENT);
  const kvh_position first{1, 1, 1};
  CHECK(table->apply(table->self, &first, &batch, 2, 8, {}, &words) == KVH_INVALID_ARGUMENT);
  CHECK(table->apply(table->self, &first, nullptr, 1, sizeof(batch), {}, &words) ==
        KVH_INVALID_ARGUMENT);
}

TEST_CASE("a call that is ended twice, or when all is over, is told of once") {
  FaultyNode node;
  node.script.propose = [](kvh_results_sink, kvh_done done) {
    done.fn(done.ctx, KVH_OK, nullptr);
    done.fn(done.ctx, KVH_OK, nullptr);
  };
  node.propose();
  CHECK(node.script.log.find("ended a call that was over") == 0);
  const std::string first = node.script.log;
  node.propose();
  node.script.barrier = [](kvh_barrier_sink, kvh_done done) {
    done.fn(done.ctx, KVH_NO_QUORUM, nullptr);
    done.fn(done.ctx, KVH_NO_QUORUM, nullptr);
  };
  CHECK(node.barrier().code() == StatusCode::NO_QUORUM);
  CHECK(node.script.log == first);

  // Another component has a warning of its own; what comes after an owner is gone is not told.
  static kvh_done late;
  FaultyNode other;
  other.script.propose = [](kvh_results_sink, kvh_done done) {
    late = done;
    done.fn(done.ctx, KVH_OK, nullptr);
  };
  other.propose();
  CHECK(other.script.log.empty());
  late.fn(late.ctx, KVH_OK, nullptr);
  CHECK(other.script.log == first);
  other.adapter.reset();
  late.fn(late.ctx, KVH_OK, nullptr);
  CHECK(other.script.log == first);
}

}  // namespace
}  // namespace kvhost::host::testing
