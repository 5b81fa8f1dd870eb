// A third party's strategy on one node: a loop that orders on a thread of its own, and applies.
#include "kvhost/replication.hpp"

#include <condition_variable>
#include <deque>
#include <thread>

#include "adapters/replication_adapter.hpp"
#include "kvhost/detail/thunks.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

class Loopback final : public Replication {
 public:
  explicit Loopback(uint64_t offered) : offered_(offered) {}
  ~Loopback() override { stop(Deadline::max()); }

  uint64_t traits() const override { return offered_; }
  Status attach(kvhost::StateMachine machine) override {
    machine_.emplace(machine);
    next_index_ = machine.applied().index + 1;
    machine.role_changed(KVH_ROLE_LEADER, "http://here");
    thread_ = std::thread([this] { run(); });
    return {};
  }
  void stop(Deadline) override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  void propose(const kvh_call& call, std::span<const std::string_view> batches,
               ProposalDone done) override {
    if (refusal) return done.finish(*refusal);
    last_deadline_ns = call.deadline_ns;
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::string(batches[0]), done});
    changed_.notify_all();
  }
  void read_barrier(const kvh_call& call, BarrierDone done) override {
    last_level = call.read_level;
    ++barriers;
    if (refusal) return done.refuse(*refusal);
    if (ends_twice) done.grant(next_index_ - 1, machine_->now_ms());
    done.grant(barrier_index ? barrier_index.load() : next_index_ - 1, machine_->now_ms());
  }
  std::optional<std::string> leader_hint() const override { return "http://here"; }
  std::string status() const override { return R"({"role":"leader"})"; }
  Result<std::string> command(std::string_view name, std::string_view arguments) override {
    if (name != "promote") return Replication::command(name, arguments);
    return R"({"promoted":true})";
  }

  std::optional<Status> refusal;
  std::atomic<uint32_t> last_level{0};
  std::atomic<int> barriers{0};
  std::atomic<uint64_t> barrier_index{0};
  std::atomic<uint64_t> last_deadline_ns{0};
  std::atomic<bool> paused{false};
  std::atomic<bool> twice{false};
  std::atomic<bool> ends_twice{false};
  void resume() {
    paused = false;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

 private:
  struct Entry {
    std::string bytes;
    ProposalDone done;
  };
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopped_ || (!queue_.empty() && !paused); });
      if (queue_.empty()) return;
      const Entry entry = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      apply(entry);
      lock.lock();
    }
  }
  void apply(const Entry& entry) {
    const kvh_ordered_batch batch{machine_->now_ms(), detail::to_bytes(entry.bytes)};
    const Position position{1, 1, next_index_++};
    const Status status = machine_->apply(
        position, {&batch, 1}, [&](uint64_t offset, const Status& result, const kvh_result* told) {
          entry.done.result(offset, result, told);
        });
    if (twice) {
      const kvh_ordered_batch again{machine_->now_ms(), batch.bytes};
      (void)machine_->apply({1, 1, next_index_++}, {&again, 1},
                            [](uint64_t, const Status&, const kvh_result*) {});
    }
    entry.done.finish(status);
    if (!ends_twice) return;
    entry.done.result(0, {StatusCode::INTERNAL, "late"}, nullptr);
    entry.done.finish({StatusCode::INTERNAL, "late"});
  }

  const uint64_t offered_;
  std::optional<kvhost::StateMachine> machine_;
  std::atomic<uint64_t> next_index_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  bool stopped_ = false;
  std::thread thread_;
};

constexpr uint64_t kAllLevels = KVH_TRAIT_OWN_LOG | KVH_TRAIT_LEADER_READS | KVH_TRAIT_LINEARIZABLE;

// The store over the adapter over the strategy, which believes that it is in a plugin.
class ReplicatedNode : public StoreFixture {
 public:
  explicit ReplicatedNode(uint64_t traits = kAllLevels)
      : StoreFixture({}, nullptr, (traits & KVH_TRAIT_OWN_LOG) != 0) {
    auto strategy = std::make_unique<Loopback>(traits);
    loopback = strategy.get();
    instance = std::make_unique<detail::Instance<Loopback>>(
        detail::Instance<Loopback>{Context(nullptr), std::move(strategy)});
    adapter = std::make_unique<ReplicationAdapter>(&detail::ReplicationThunks<Loopback>::kTable,
                                                   instance.get(), "loopback", *engine);
    REQUIRE(adapter->attach().is_ok());
    facade->attach(*engine, adapter.get(), nullptr);
  }
  ~ReplicatedNode() {
    loopback->resume();
    loopback->stop(Deadline::max());
    adapter->stopped();
    facade->stop();
  }
  AnswerPtr read_at(ReadLevel level, std::string_view key) {
    Call how = call();
    how.read_level = level;
    auto answer = start_read(how, {key});
    answer->wait();
    return answer;
  }

  Loopback* loopback = nullptr;
  std::unique_ptr<detail::Instance<Loopback>> instance;
  std::unique_ptr<ReplicationAdapter> adapter;
};

}  // namespace

TEST_CASE("writes go through the strategy and come back with index and results") {
  ReplicatedNode node;
  const auto first = node.put("k", "v");
  REQUIRE(first->status.is_ok());
  CHECK(first->reply.version > 0);
  CHECK(node.loopback->last_deadline_ns > 0);
  CHECK(node.engine->applied_position().index == 1);
  CHECK(node.engine->applied_position().strategy == "loopback");
  CHECK(node.get("k") == "v");

  WriteRequest request;
  request.increment("n", 3);
  request.erase("k", KVH_OP_WANT_EXISTED);
  const auto second = node.write(request);
  REQUIRE(second->reply.items.size() == 2);
  CHECK(second->reply.items[0].number == 3);
  CHECK(second->reply.items[1].existed == 1);
  WriteRequest conditional;
  conditional.require_present("k");
  conditional.put("k", "w");
  const auto refused = node.write(conditional);
  CHECK(refused->status.code() == StatusCode::CONDITION_FAILED);
  CHECK(refused->reply.failed.size() == 1);
  CHECK(node.adapter->state_machine().role() == KVH_ROLE_LEADER);
  CHECK(node.adapter->state_machine().leader_advertise() == "http://here");
}

// As docs/PLUGINS.md and `kvctl plugin new replication` begin.
TEST_CASE("a strategy without a log of its own has the engine's") {
  ReplicatedNode node(KVH_TRAIT_LEADER_READS | KVH_TRAIT_LINEARIZABLE);
  const auto first = node.put("k", "v");
  REQUIRE(first->status.is_ok());
  CHECK(first->reply.version > 0);
  WriteRequest conditional;
  conditional.require_absent("k");
  conditional.put("k", "w");
  CHECK(node.write(conditional)->status.code() == StatusCode::CONDITION_FAILED);
  for (int i = 0; i < 20; ++i) REQUIRE(node.put("n" + std::to_string(i), "v")->status.is_ok());
  CHECK(node.read_at(ReadLevel::kLinearizable, "n19")->rows.at(0).second == "v");
  CHECK(node.get("k") == "v");
  CHECK(node.adapter->state_machine().applied_index() == 22);
  CHECK(node.adapter->state_machine().durable_index() == 22);
  // Nothing of the strategy is needed to read what it has written.
  CHECK(node.engine->applied_position().strategy.empty());
  kvh_error words = detail::make_error();
  const kvh_ordered_batch batch{1, {nullptr, 0}};
  const kvh_position beyond{0, 0, 30};
  const auto* const table = node.adapter->state_machine().table();
  CHECK(table->apply(table->self, &beyond, &batch, 1, sizeof(batch), {}, &words) ==
        KVH_INVALID_ARGUMENT);
}

TEST_CASE("a strategy that ends a call twice reaches nobody the second time") {
  ReplicatedNode node;
  node.loopback->ends_twice = true;
  const auto write = node.put("k", "v");
  CHECK(write->status.is_ok());
  const auto read = node.read_at(ReadLevel::kLinearizable, "k");
  CHECK(read->status.is_ok());
  CHECK(node.put("l", "v")->status.is_ok());
  CHECK(write->completions.value() == 1);
  CHECK(read->completions.value() == 1);
}

TEST_CASE("what a strategy never ends is ended when it has stopped") {
  std::vector<std::string> ends;
  const kvh_replication table = [] {
    kvh_replication silent = detail::ReplicationThunks<Loopback>::kTable;
    silent.traits = [](void*) noexcept { return kAllLevels; };
    silent.propose = [](void*, const kvh_call*, const kvh_bytes*, uint64_t, kvh_results_sink,
                        kvh_done, kvh_error*) noexcept -> int32_t { return KVH_PENDING; };
    silent.read_barrier = [](void*, const kvh_call*, kvh_barrier_sink, kvh_done,
                             kvh_error*) noexcept -> int32_t { return KVH_PENDING; };
    return silent;
  }();
  StoreFixture node({}, nullptr, true);
  {
    ReplicationAdapter adapter(&table, nullptr, "silent", *node.engine);
    adapter.propose({}, "batch", [&](WriteOutcome outcome) {
      ends.push_back("proposal " + std::string(outcome.status.info().name));
    });
    adapter.read_barrier({}, [&](Result<ReadBarrier> barrier) {
      ends.push_back("barrier " + std::string(barrier.error().info().name));
    });
    CHECK(ends.empty());
  }
  CHECK(ends == std::vector<std::string>{"proposal outcome-unknown", "barrier draining"});
}

TEST_CASE("a retry with the same id is applied once through the strategy, too") {
  ReplicatedNode node;
  WriteRequest request;
  request.increment("n", 2);
  const auto first = node.write(request, "id");
  const auto retry = node.write(request, "id");
  REQUIRE(retry->status.is_ok());
  CHECK(retry->reply.items.at(0).number == 2);
  CHECK(retry->reply.version == first->reply.version);
  CHECK(node.get("n") == "2");
}

// A follower: the leader has decided on a retry that this node has still to apply.
class FarLeader final : public Ordering {
 public:
  const std::string& name() const override { return name_; }
  uint64_t traits() const override { return KVH_TRAIT_OWN_LOG; }
  void propose(const kvh_call&, std::string_view batch, ProposalDone done) override {
    last_batch = batch;
    done(answer);
  }
  void read_barrier(const kvh_call&, BarrierDone done) override { done(ReadBarrier{}); }
  void when_applied(uint64_t index, std::function<void()> then) override {
    waited_for = index;
    waiting = std::move(then);
  }
  ReplicaFacts facts() const override { return {}; }
  Result<engine::StateDigest> digest(uint64_t, uint64_t) override { return engine::StateDigest{}; }
  std::optional<std::string> leader_hint() const override { return std::nullopt; }
  std::string status() const override { return "{}"; }
  void command(const kvh_call&, std::string_view, std::string_view, CommandDone) override {}

  WriteOutcome answer;
  std::string last_batch;
  uint64_t waited_for = 0;
  std::function<void()> waiting;

 private:
  const std::string name_ = "far";
};

TEST_CASE("a retry at a follower is answered from the record once it has arrived there") {
  FarLeader leader;
  StoreFixture node({}, &leader, true);
  // The leader found the record of the first attempt at index 7: condition 0, the record's absence.
  leader.answer.status = Status(StatusCode::CONDITION_FAILED, "a condition did not hold");
  leader.answer.index = 7;
  leader.answer.failed = {{0, 1}};
  const auto retry = node.start_write(node.call("id"), put_request("k", "v"));
  CHECK(retry->completions.value() == 0);
  CHECK(leader.waited_for == 7);
  // The first attempt's batch arrives.
  const engine::OrderedBatch ordered{1'000, leader.last_batch};
  REQUIRE(node.engine->apply({"far", 1, 1, 6}, std::span(&ordered, 1)).has_value());
  leader.waiting();
  node.finished(retry);
  INFO(retry->status.to_string());
  CHECK(retry->status.is_ok());
  CHECK(retry->reply.items.size() == 1);
}

TEST_CASE("a retry that was ordered twice takes effect once") {
  ReplicatedNode node;
  node.loopback->paused = true;
  WriteRequest request;
  request.increment("n", 2);
  // The caller gave up waiting and asked another node, which ordered the same batch again.
  node.loopback->twice = true;
  const auto write = node.start_write(node.call("id"), request);
  node.loopback->resume();
  node.finished(write);
  CHECK(write->status.is_ok());
  CHECK(node.get("n") == "2");
  CHECK(node.engine->applied_position().index >= 2);
}

TEST_CASE("a refusal for another leader names it, whatever the strategy's words are") {
  ReplicatedNode node;
  node.loopback->refusal = Status(StatusCode::NOT_LEADER, "this node follows");
  CHECK(node.put("k", "v")->status.message() == "this node follows; the leader is http://here");
}

TEST_CASE("a node tells a digest of its state") {
  ReplicatedNode node;
  node.put("k", "v");
  const auto one = node.run_command("cluster-digest", R"({"index":1,"now_ms":5})");
  INFO(one->status.to_string());
  REQUIRE(one->status.is_ok());
  CHECK_THAT(one->json,
             Catch::Matchers::Contains(R"("index":1,"now_ms":5,"records":1,"digest":")"));
  node.put("k", "w");
  const auto past = node.run_command("cluster-digest", R"({"index":1,"now_ms":5})");
  CHECK(past->status.code() == StatusCode::COMPACTED);
  CHECK(node.run_command("cluster-digest", R"({"nonsense":1})")->status.code() ==
        StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("read levels: local asks nobody, the default is the strongest on offer") {
  ReplicatedNode node;
  node.put("k", "v");
  CHECK(node.read_at(ReadLevel::kLocal, "k")->rows.at(0).second == "v");
  CHECK(node.loopback->barriers == 0);
  CHECK(node.read_at(ReadLevel::kLeader, "k")->rows.at(0).second == "v");
  CHECK(node.loopback->last_level == KVH_READ_LEADER);
  CHECK(node.read_at(ReadLevel::kDefault, "k")->rows.at(0).second == "v");
  CHECK(node.loopback->last_level == KVH_READ_LINEARIZABLE);
  node.engine->needs_disk = true;
  CHECK(node.read_at(ReadLevel::kLinearizable, "k")->rows.at(0).second == "v");
  CHECK(node.loopback->barriers == 3);
}

TEST_CASE("a level that the strategy does not offer is NOT_SUPPORTED") {
  ReplicatedNode node(KVH_TRAIT_OWN_LOG | KVH_TRAIT_LEADER_READS);
  const auto refused = node.read_at(ReadLevel::kLinearizable, "k");
  CHECK(refused->status.code() == StatusCode::NOT_SUPPORTED);
  CHECK_THAT(refused->status.message(), Catch::Matchers::Contains("loopback"));
  CHECK(node.read_at(ReadLevel::kDefault, "k")->status.is_ok());
  CHECK(node.loopback->last_level == KVH_READ_LEADER);
}

TEST_CASE("a granted read waits until its index is applied here") {
  ReplicatedNode node;
  node.put("k", "old");
  node.loopback->paused = true;
  const auto write = node.start_write(node.call(), put_request("k", "new"));
  node.loopback->barrier_index = 2;
  Call how = node.call();
  how.read_level = ReadLevel::kLinearizable;
  const auto read = node.start_read(how, {"k"});
  CHECK(read->completions.value() == 0);
  node.loopback->resume();
  CHECK(node.finished(read).rows.at(0).second == "new");
  node.finished(write);
}

TEST_CASE("refusals of the strategy arrive with their words") {
  ReplicatedNode node;
  node.loopback->refusal = Status(StatusCode::NOT_LEADER, "the leader is http://there");
  const auto write = node.put("k", "v");
  CHECK(write->status.code() == StatusCode::NOT_LEADER);
  CHECK(write->status.message() == "the leader is http://there");
  CHECK(node.read_at(ReadLevel::kLinearizable, "k")->status.code() == StatusCode::NOT_LEADER);
  CHECK(node.get("k") == node.read_at(ReadLevel::kDefault, "k")->status.to_string());
}

TEST_CASE("a proposal that the strategy keeps is OUTCOME_UNKNOWN at its deadline") {
  ReplicatedNode node;
  node.loopback->paused = true;
  Call how = node.call();
  how.deadline_ns = monotonic_ns() + 20'000'000;
  const auto write = node.start_write(how, put_request("k", "v"));
  write->wait();
  CHECK(write->status.code() == StatusCode::OUTCOME_UNKNOWN);
  node.loopback->resume();
  node.finished(node.start_write(node.call(), put_request("other", "v")));
  CHECK(write->completions.value() == 1);
  CHECK(node.get("k") == "v");
}

TEST_CASE("cursors ask for a barrier once, snapshots are of this node") {
  ReplicatedNode node;
  for (const char* key : {"a", "b", "c"}) node.put(key, "v");
  const auto cursor = node.store().open_cursor(node.call(), {});
  CHECK(node.finished(node.start_page(node.call(), *cursor, 2)).rows.size() == 2);
  CHECK(node.finished(node.start_page(node.call(), *cursor, 2)).rows.size() == 1);
  CHECK(node.loopback->barriers == 1);
  Call how = node.call();
  how.read_level = ReadLevel::kLinearizable;
  CHECK(node.store().open_snapshot(how).error().code() == StatusCode::NOT_SUPPORTED);
  CHECK(node.store().open_snapshot(node.call()).has_value());
}

TEST_CASE("status and commands of the strategy are shown and passed on") {
  ReplicatedNode node;
  const auto status = node.store().info("status");
  CHECK_THAT(*status, Catch::Matchers::Contains(R"("strategy":"loopback")"));
  CHECK_THAT(*status, Catch::Matchers::Contains(R"("role":"leader")"));
  CHECK(node.run_command("cluster-promote")->json == R"({"promoted":true})");
  CHECK(node.run_command("cluster-nonsense")->status.code() == StatusCode::UNKNOWN_ROUTE);
}

TEST_CASE("another strategy's position is not this one's") {
  ReplicatedNode node;
  node.put("k", "v");
  StateMachine other(*node.engine, "another");
  kvh_position position{9, 9, 9};
  other.table()->applied(other.table()->self, &position);
  CHECK(position.index == 0);
  CHECK_FALSE(KVH_HAS(other.table(), kvh_state_machine, checkpoint_open));
}

}  // namespace kvhost::host::testing
