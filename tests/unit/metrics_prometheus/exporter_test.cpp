// The exporter with a registry in memory: what a scrape shows, and what a wrong address says.
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

#include "fake_registry.hpp"
#include "prometheus_exporter.hpp"
#include "support/fake_host.hpp"
#include "unit/transport_http/socket_client.hpp"

using namespace kvhost;
using kvhost::http::testing::SocketClient;
using kvhost::prometheus_exporter::PrometheusExporter;
using kvhost::prometheus_exporter::RegistryCollectable;
using kvhost::testing::FakeConfig;
using kvhost::testing::FakeHost;
using kvhost::testing::FakeRegistry;

namespace {

std::unique_ptr<PrometheusExporter> make(FakeHost& host, const std::string& listen) {
  FakeConfig config(PrometheusExporter::kOptions, {{"listen", listen}});
  Context context(host.table());
  auto made = PrometheusExporter::create(context, Config(config.table()));
  REQUIRE(made);
  return std::move(*made);
}

std::string scrape(const std::string& address, const std::string& path = "/metrics") {
  const SocketClient client(address);
  client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return client.receive_all();
}

}  // namespace

TEST_CASE("a scrape shows the node's metrics under their own names") {
  FakeHost host;
  FakeRegistry registry;
  const auto exporter = make(host, "127.0.0.1:0");
  REQUIRE(exporter->start().is_ok());
  REQUIRE(exporter->attach(Registry(registry.table())).is_ok());
  const std::string address = exporter->addresses().at(0);
  CHECK(address.substr(0, 10) == "127.0.0.1:");
  CHECK(address != "127.0.0.1:0");
  registry.puts = 41;
  static_cast<void>(scrape(address));
  registry.puts = 42;
  const std::string text = scrape(address);
  CHECK_THAT(text, Catch::StartsWith("HTTP/1.1 200"));
  CHECK_THAT(text, Catch::Contains("# TYPE kvstore_operations_total counter\n"));
  CHECK_THAT(text, Catch::Contains("kvstore_operations_total{operation=\"put\"} 42\n"));
  CHECK_THAT(text, Catch::Contains("{operation=\"a\\\"b\\\\c\\nd\"} 0.5\n"));
  CHECK_THAT(text, Catch::Contains("# HELP kvstore_memtable_size_bytes Memtable size.\n"));
  CHECK_THAT(text, Catch::Contains("kvstore_memtable_size_bytes 4096\n"));
  CHECK_THAT(text, Catch::Contains("kvhost_wal_sync_seconds_bucket{le=\"0.5\"} 2\n"));
  CHECK_THAT(text, Catch::Contains("kvhost_wal_sync_seconds_bucket{le=\"1.5\"} 5\n"));
  CHECK_THAT(text, Catch::Contains("kvhost_wal_sync_seconds_bucket{le=\"+Inf\"} 9\n"));
  CHECK_THAT(text, Catch::Contains("kvhost_wal_sync_seconds_sum 12.5\n"));
  CHECK_THAT(text, Catch::Contains("kvhost_wal_sync_seconds_count 9\n"));
  CHECK_THAT(scrape(address, "/elsewhere"), Catch::StartsWith("HTTP/1.1 404"));
  exporter->stop(Deadline::max());
  CHECK_THROWS(SocketClient(address));
}

TEST_CASE("histograms without bounds double from 10 microseconds") {
  FakeRegistry registry;
  registry.declares_bounds = false;
  const RegistryCollectable collectable(Registry(registry.table()), Log());
  const auto families = collectable.Collect();
  REQUIRE(families.size() == 3);
  const auto& buckets = families[0].metric.at(0).histogram.bucket;
  REQUIRE(buckets.size() == 3);
  CHECK(buckets[0].upper_bound == Approx(10e-6));
  CHECK(buckets[1].upper_bound == Approx(20e-6));
  CHECK(std::isinf(buckets[2].upper_bound));
  CHECK(buckets[2].cumulative_count == 9);
}

TEST_CASE("a collection that fails shows what it has and says so in the log") {
  FakeHost host;
  FakeRegistry registry;
  registry.broken = true;
  const RegistryCollectable collectable(Registry(registry.table()), Context(host.table()).log());
  CHECK(collectable.Collect().size() == 1);
  REQUIRE(host.lines().size() == 1);
  CHECK_THAT(host.lines()[0], Catch::Contains("a gauge could not be read"));
}

TEST_CASE("a taken port is ADDRESS_IN_USE, a wrong address says what is expected") {
  FakeHost host;
  const auto first = make(host, "127.0.0.1:0");
  REQUIRE(first->start().is_ok());
  const auto second = make(host, first->addresses().at(0));
  const Status taken = second->start();
  CHECK(taken.code() == StatusCode::ADDRESS_IN_USE);
  CHECK_THAT(taken.message(), Catch::Contains(first->addresses().at(0)));
  CHECK(make(host, "2112")->start().code() == StatusCode::INVALID_ARGUMENT);
  CHECK(make(host, "127.0.0.1:http")->start().code() == StatusCode::INVALID_ARGUMENT);
  first->stop(Deadline::max());
  CHECK(second->start().is_ok());
  second->stop(Deadline::max());
}

TEST_CASE("stop waits for scrapes under way") {
  FakeHost host;
  FakeRegistry registry;
  const auto exporter = make(host, "127.0.0.1:0");
  REQUIRE(exporter->start().is_ok());
  REQUIRE(exporter->attach(Registry(registry.table())).is_ok());
  const std::string address = exporter->addresses().at(0);
  std::atomic<int> scrapes{0};
  std::thread scraper([&] {
    try {
      for (;;) {
        if (scrape(address).find("kvstore_operations_total") != std::string::npos) ++scrapes;
      }
    } catch (const std::exception&) {
      return;  // the port is closed
    }
  });
  while (scrapes < 5) std::this_thread::yield();
  exporter->stop(Deadline::max());
  scraper.join();
  CHECK(scrapes >= 5);
}
