#include "metrics/metrics_registry.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <thread>
#include <vector>

#include "kvhost/context.hpp"
#include "kvhost/exporter.hpp"

namespace kvhost::host::testing {
namespace {

const MetricFamily* find(const std::vector<MetricFamily>& families, std::string_view name) {
  for (const auto& family : families) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

class FixedSource final : public MetricsSource {
 public:
  void collect(std::vector<MetricFamily>& out) override {
    out.push_back({"b_of_source", "Told.", MetricType::kGauge, {}, {}, {}});
    out.back().add(7);
  }
};

}  // namespace

TEST_CASE("components count through the C table, exporters see it") {
  MetricsRegistry registry;
  const Metrics metrics(registry.metrics_table());
  const Family requests = metrics.counter("x_requests_total", "Requests.", {"code"});
  const Series good = requests.series({"200"});
  good.add();
  good.add(2);
  requests.series({"500"}).add();
  const Series level = metrics.gauge("x_level", "Level.").series();
  level.set(5);
  level.add(-2);
  metrics.histogram("x_seconds", "Times.").series().observe(0.0001);

  std::vector<std::string> seen;
  const Status status = Registry(registry.registry_table()).collect([&](const kvh_family& family) {
    seen.emplace_back(detail::to_view(family.info.name));
    for (uint64_t i = 0; i < family.sample_count; ++i) {
      const kvh_sample& sample = detail::strided(family.samples, family.sample_stride, i);
      if (seen.back() == "x_requests_total") {
        CHECK(detail::to_view(sample.label_values[0]) == (i == 0 ? "200" : "500"));
        CHECK(sample.value == (i == 0 ? 3 : 1));
      }
      if (seen.back() == "x_level") CHECK(sample.value == 3);
      if (seen.back() == "x_seconds") {
        CHECK(sample.count == 1);
        CHECK(sample.bucket_count == family.info.bucket_count + 1);
        // 10, 20, 40, 80, 160 µs.
        CHECK(sample.bucket_counts[4] == 1);
      }
    }
  });
  CHECK(status.is_ok());
  CHECK(seen == std::vector<std::string>{"x_level", "x_requests_total", "x_seconds"});
}

TEST_CASE("the same family and the same series come back for the same name and labels") {
  MetricsRegistry registry;
  const MetricFamily shape{"x_total", "X.", MetricType::kCounter, {"a"}, {}, {}};
  const auto first = registry.family(shape);
  REQUIRE(first.has_value());
  CHECK(*registry.family(shape) == *first);
  const std::string_view label = "1";
  CHECK(registry.series(*first, {&label, 1}) == registry.series(*first, {&label, 1}));
  MetricFamily other = shape;
  other.type = MetricType::kGauge;
  CHECK(registry.family(other).error().code() == StatusCode::INVALID_ARGUMENT);
  other = shape;
  other.label_names = {"a", "b"};
  CHECK_FALSE(registry.family(other).has_value());
}

TEST_CASE("names, labels and buckets that no exporter could show are refused with words") {
  MetricsRegistry registry;
  const kvh_metrics& table = *registry.metrics_table();
  const auto refused = [&](kvh_family_info info) {
    info.size = sizeof(info);
    kvh_error error = detail::make_error();
    CHECK(table.family(table.self, &info, &error) == 0);
    return std::string(error.text, error.text_size);
  };
  const auto info = [](std::string_view name, uint32_t type) {
    kvh_family_info made{};
    made.name = detail::to_bytes(name);
    made.type = type;
    return made;
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(refused(info("9lives", KVH_METRIC_GAUGE)), Contains("9lives"));
  CHECK_THAT(refused(info("", KVH_METRIC_GAUGE)), Contains("must match"));
  CHECK_THAT(refused(info("fine", 9)), Contains("unknown type 9"));
  auto labelled = info("fine", KVH_METRIC_GAUGE);
  const kvh_bytes bad_label = detail::to_bytes("a-b");
  labelled.label_names = &bad_label;
  labelled.label_count = 1;
  CHECK_THAT(refused(labelled), Contains("a-b"));
  auto buckets = info("fine", KVH_METRIC_HISTOGRAM);
  const double bounds[] = {1, 1};
  buckets.buckets = bounds;
  buckets.bucket_count = 2;
  CHECK_THAT(refused(buckets), Contains("ascending"));
}

TEST_CASE("the number of series in a family is bounded, retired ones make room") {
  MetricsRegistry registry;
  const auto family = registry.family({"x", "X.", MetricType::kGauge, {"a"}, {}, {}});
  std::vector<MetricSeries*> all;
  for (std::size_t i = 0; i < kMaxSeriesPerFamily; ++i) {
    const std::string text = std::to_string(i);
    const std::string_view label = text;
    all.push_back(registry.series(*family, {&label, 1}));
    REQUIRE(all.back() != nullptr);
  }
  const std::string_view more = "one more";
  CHECK(registry.series(*family, {&more, 1}) == nullptr);
  registry.retire(all.front());
  CHECK(registry.series(*family, {&more, 1}) != nullptr);
  CHECK(registry.series(*family, {}) == nullptr);
  CHECK(registry.series(99, {&more, 1}) == nullptr);
}

TEST_CASE("calls that do not fit the type change nothing") {
  MetricsRegistry registry;
  const Metrics metrics(registry.metrics_table());
  const Series counter = metrics.counter("c_total", "C.").series();
  counter.add(-5);
  counter.set(9);
  counter.observe(1);
  counter.add(std::nan(""));
  const Series histogram = metrics.histogram("h", "H.").series();
  histogram.add(3);
  const auto families = registry.snapshot();
  CHECK(find(families, "c_total")->samples.at(0).value == 0);
  CHECK(find(families, "h")->samples.at(0).count == 0);
}

TEST_CASE("sources are asked at each collection, and win over registered names") {
  MetricsRegistry registry;
  FixedSource source;
  const Metrics metrics(registry.metrics_table());
  metrics.gauge("a_registered", "A.").series().set(1);
  metrics.gauge("b_of_source", "Mine.").series().set(2);
  registry.add_source(&source);
  auto families = registry.snapshot();
  REQUIRE(families.size() == 2);
  CHECK(families[1].samples.at(0).value == 7);
  registry.remove_source(&source);
  families = registry.snapshot();
  CHECK(find(families, "b_of_source")->samples.at(0).value == 2);
}

TEST_CASE("counting, registering, retiring and collecting go on at once") {
  MetricsRegistry registry;
  const Metrics metrics(registry.metrics_table());
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const Series shared = metrics.counter("shared_total", "S.").series();
      const Series times = metrics.histogram("times", "T.").series();
      for (int i = 0; i < 2'000; ++i) {
        shared.add();
        times.observe(i * 1e-6);
        if (i % 100 == 0) {
          Series own = metrics.gauge("own", "O.", {"t"}).series({std::to_string(t)});
          own.set(i);
          own.retire();
        }
      }
    });
  }
  std::thread collector([&] {
    while (!stop) registry.snapshot();
  });
  for (auto& thread : threads) thread.join();
  stop = true;
  collector.join();
  const auto families = registry.snapshot();
  CHECK(find(families, "shared_total")->samples.at(0).value == 6'000);
  CHECK(find(families, "times")->samples.at(0).count == 6'000);
  CHECK(find(families, "own")->samples.empty());
}

}  // namespace kvhost::host::testing
