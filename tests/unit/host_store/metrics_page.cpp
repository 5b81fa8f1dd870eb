#include "metrics/engine_metrics.hpp"
#include "metrics/metrics_reference.hpp"
#include "metrics/metrics_registry.hpp"
#include "metrics/node_metrics.hpp"
#include "metrics/replication_metrics.hpp"
#include "support/golden_file.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

using kvhost::testing::golden_text;

// A strategy that says all that it may say.
class TalkativeOrdering final : public Ordering {
 public:
  const std::string& name() const override { return name_; }
  uint64_t traits() const override { return 0; }
  void propose(const kvh_call&, std::string_view, ProposalDone) override {}
  void read_barrier(const kvh_call&, BarrierDone) override {}
  void when_applied(uint64_t, std::function<void()> then) override { then(); }
  ReplicaFacts facts() const override { return {KVH_ROLE_LEADER, 41, 30, 2, 7000, 1, 1, 900}; }
  Result<engine::StateDigest> digest(uint64_t, uint64_t) override { return engine::StateDigest{}; }
  std::optional<std::string> leader_hint() const override { return std::nullopt; }
  std::string status() const override { return text; }
  void command(const kvh_call&, std::string_view, std::string_view, CommandDone) override {}

  std::string text = R"({"role":"leader","term":3,"commit_index":42,"last_index":43,
    "quorum_failures":1,"leader_changes":2,"snapshots_sent":4,"snapshots_received":0,
    "peers":[{"id":"n2","connected":true,"lag":5,"rtt_seconds":0.002},{"id":"n3","connected":false}]})";

 private:
  const std::string name_ = "talkative";
};

struct Observed {
  explicit Observed(StoreFixture& node)
      : engine(*node.engine, node.facade->counters()), process("1.2.3", "n1", node.executor) {
    process.set_plugins([] {
      return std::vector<PluginMetric>{{"org.x", "1.0", "kvhost.compaction/1", "tiered", 3}};
    });
    registry.add_source(&engine);
    registry.add_source(&process);
    registry.add_source(&replication);
  }
  double value(std::string_view name, const std::vector<std::string>& labels = {}) {
    for (const auto& family : registry.snapshot()) {
      if (family.name != name) continue;
      for (const auto& sample : family.samples) {
        if (sample.label_values == labels) {
          return family.type == MetricType::kHistogram ? static_cast<double>(sample.count)
                                                       : sample.value;
        }
      }
    }
    return -1;
  }

  MetricsRegistry registry;
  EngineMetrics engine;
  NodeMetrics process;
  TalkativeOrdering ordering;
  ReplicationMetrics replication{ordering};
};

}  // namespace

TEST_CASE("the list of metrics is the one that was agreed on") {
  StoreFixture node;
  Observed observed(node);
  const std::string list = metrics_list(observed.registry.snapshot());
  CHECK(list == golden_text("tests/data/metrics/families.txt", list));
}

TEST_CASE("docs/reference/metrics.md is up to date (KVHOST_REWRITE=1 makes it anew)") {
  StoreFixture node;
  Observed observed(node);
  const std::string page = metrics_reference(observed.registry.snapshot());
  CHECK(page == golden_text("docs/reference/metrics.md", page));
}

TEST_CASE("what a strategy says of itself and its peers becomes metrics") {
  StoreFixture node;
  Observed observed(node);
  CHECK(observed.value("kvhost_replication_role", {"leader"}) == 1);
  CHECK(observed.value("kvhost_replication_role", {"follower"}) == 0);
  CHECK(observed.value("kvhost_replication_term") == 3);
  CHECK(observed.value("kvhost_replication_commit_index") == 42);
  CHECK(observed.value("kvhost_replication_applied_index") == 41);
  CHECK(observed.value("kvhost_replication_peer_lag_entries", {"n2"}) == 5);
  CHECK(observed.value("kvhost_replication_peer_connected", {"n3"}) == 0);
  CHECK(observed.value("kvhost_replication_peer_rtt_seconds", {"n3"}) == -1);
  CHECK(observed.value("kvhost_replication_install_write_bytes_total") == 900);
}

TEST_CASE("a strategy whose status is no JSON leaves its metrics out") {
  StoreFixture node;
  Observed observed(node);
  observed.ordering.text = "busy";
  CHECK(observed.value("kvhost_replication_term") == -1);
  CHECK(observed.value("kvhost_replication_role", {"leader"}) == 1);
}

TEST_CASE("every family has a help text, a well-formed name and samples of its shape") {
  StoreFixture node;
  node.put("k", "v");
  REQUIRE(node.engine->flush().is_ok());
  Observed observed(node);
  for (const auto& family : observed.registry.snapshot()) {
    INFO(family.name);
    CHECK_FALSE(family.help.empty());
    CHECK((family.name.starts_with("kvhost_") || family.name.starts_with("kvstore_")));
    if (family.type == MetricType::kCounter) CHECK(family.name.ends_with("_total"));
    CHECK_FALSE(family.samples.empty());
    for (const auto& sample : family.samples) {
      CHECK(sample.label_values.size() == family.label_names.size());
      if (family.type != MetricType::kHistogram) continue;
      CHECK(sample.bucket_counts.size() == family.bounds.size() + 1);
    }
  }
}

TEST_CASE("what happens on the node shows in its metrics") {
  StoreFixture node;
  Observed observed(node);
  CHECK(observed.value("kvstore_sstable_count") == 0);
  node.put("k", "v");
  node.get("k");
  node.get("absent");
  WriteRequest request;
  request.require_absent("k");
  request.erase("k");
  node.write(request);
  CHECK(observed.value("kvstore_operations_total", {"put"}) == 1);
  CHECK(observed.value("kvstore_operations_total", {"get"}) == 2);
  CHECK(observed.value("kvstore_operations_total", {"delete"}) == 1);
  CHECK(observed.value("kvhost_store_requests_total", {"put", "ok"}) == 1);
  CHECK(observed.value("kvhost_store_requests_total", {"delete", "condition-failed"}) == 1);
  CHECK(observed.value("kvhost_store_request_duration_seconds", {"get"}) == 2);
  CHECK(observed.value("kvstore_memtable_size_bytes") > 0);
  CHECK(observed.value("kvhost_store_sessions") == 1);
  REQUIRE(node.engine->flush().is_ok());
  CHECK(observed.value("kvstore_sstable_count") == 1);
  CHECK(observed.value("kvhost_flush_runs_total") == 1);
  CHECK(observed.value("kvhost_lsm_write_amplification_ratio") > 0);
  CHECK(observed.value("kvhost_engine_background_error", {"ok"}) == 0);
  node.engine->fault = Status(StatusCode::NO_SPACE, "full");
  CHECK(observed.value("kvhost_engine_background_error", {"no-space"}) == 1);
  CHECK(observed.value("kvhost_build_info", {"1.2.3"}) == 1);
  CHECK(observed.value("kvhost_plugin_faults_total", {"org.x", "tiered"}) == 3);
  CHECK(observed.value("kvhost_process_resident_memory_bytes") > 1e6);
  CHECK(observed.value("kvhost_process_open_files") >= 3);
}

}  // namespace kvhost::host::testing
