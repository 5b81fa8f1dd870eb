#include "metrics/engine_metrics.hpp"
#include "metrics/metrics_reference.hpp"
#include "metrics/metrics_registry.hpp"
#include "metrics/node_metrics.hpp"
#include "support/golden_file.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

using kvhost::testing::golden_text;

struct Observed {
  explicit Observed(StoreFixture& node)
      : engine(*node.engine, node.facade->counters()), process("1.2.3", "n1", node.executor) {
    process.set_plugins([] {
      return std::vector<PluginMetric>{{"org.x", "1.0", "kvhost.compaction/1", "tiered", 3}};
    });
    registry.add_source(&engine);
    registry.add_source(&process);
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
