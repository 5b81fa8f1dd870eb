// An exporter shows a registry of every shape; its page is read back and compared.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "exposition_page.hpp"
#include "host_pump.hpp"
#include "kind_checks.hpp"
#include "kvhost/exposition.hpp"
#include "kvhost/testing/test_client.hpp"
#include "kvhost/testing/under_test.hpp"
#include "process_facts.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using testing::ExporterUnderTest;
using testing::TestClient;

// Counters, gauges and histograms with awkward labels, values and sizes.
void fill(const Metrics& metrics) {
  metrics.counter("conformance_requests_total", "requests by op", {"op", "status"})
      .series({"get", "ok"})
      .add(3);
  const auto words = metrics.gauge("conformance_words", "with \\ and\nmore", {"text"});
  for (const char* text :
       {"", "plain", "two words", "\"quoted\"", "back\\slash", "new\nline", "é"}) {
    words.series({text}).set(static_cast<double>(std::string_view(text).size()));
  }
  const auto values = metrics.gauge("conformance_values", "numbers of all kinds", {"n"});
  values.series({"large"}).set(1e300);
  values.series({"small"}).set(-1.5e-7);
  values.series({"infinite"}).set(INFINITY);
  values.series({"nothing"}).set(0);
  const auto seconds =
      metrics.histogram("conformance_seconds", "how long", {"op"}, {0.001, 0.5, 30});
  for (const double value : {0.0001, 0.2, 0.3, 7.0, 100.0}) seconds.series({"put"}).observe(value);
  metrics.histogram("conformance_default_seconds", "without bounds").series().observe(0.001);
  metrics.counter("conformance_empty_total", "a family without series", {"op"});
  const auto many = metrics.gauge("conformance_many", "many series", {"number"});
  for (int i = 0; i < 300; ++i) many.series({std::to_string(i)}).set(i);
}

// The body of a GET /metrics, whatever way it is framed; empty where no HTTP is spoken.
Result<std::string> scrape(const std::string& address) {
  auto client = TestClient::connect(address);
  if (!client) return client.error();
  client->send("GET /metrics HTTP/1.1\r\nHost: conformance\r\nConnection: close\r\n\r\n");
  const std::string answer = client->read_all(std::chrono::seconds(10));
  // An exporter may speak a protocol of its own.
  if (!answer.empty() && !answer.starts_with("HTTP/")) return std::string();
  const auto head_end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 200") || head_end == std::string::npos) {
    return Status(StatusCode::PROTOCOL_ERROR, "GET /metrics was answered: \"" +
                                                  answer.substr(0, answer.find('\r')) +
                                                  "\"; expected HTTP/1.1 200 and a page");
  }
  const std::string head = answer.substr(0, head_end);
  std::string body = answer.substr(head_end + 4);
  if (head.find("chunked") == std::string::npos) return body;
  std::string whole;
  for (std::size_t at = 0; at < body.size();) {
    const auto size = std::strtoul(body.c_str() + at, nullptr, 16);
    at = body.find("\r\n", at);
    if (size == 0 || at == std::string::npos) break;
    whole += body.substr(at + 2, size);
    at += 2 + size + 2;
  }
  return whole;
}

// The subject with every option for a file below `folder`; `files` gets their paths.
Subject writing_to(const testing::TemporaryFolder& folder, const Subject& subject,
                   const kvh_component& descriptor, std::vector<std::string>& files) {
  Subject changed = subject;
  for_each_option(descriptor.options, descriptor.option_count, descriptor.option_stride,
                  [&](const kvh_option& option) {
                    if (option.type != KVH_OPTION_PATH) return;
                    const std::string path(detail::to_view(option.path));
                    files.push_back(folder.path() + "/" + std::to_string(files.size()));
                    changed.options.emplace(path, files.back());
                  });
  return changed;
}

// The page by the exporter's address, or in its file; empty when it shows itself nowhere here.
Result<std::string> page_of(const ExporterUnderTest& exporter,
                            const std::vector<std::string>& files) {
  const auto addresses = exporter.addresses();
  if (!addresses.empty()) return scrape(addresses.front());
  for (int i = 0; i < 500; ++i) {
    for (const auto& file : files) {
      std::stringstream text;
      text << std::ifstream(file).rdbuf();
      if (!text.str().empty()) return text.str();
    }
    if (files.empty()) break;
    pause_ms(10);
  }
  return std::string();
}

void compare(const ExpositionPage& page, const testing::FakeMetrics& metrics, Report& report) {
  std::vector<std::string> mistakes;
  const auto expected_text = exposition_text(Registry(metrics.registry()));
  const ExpositionPage expected = ExpositionPage::parse(*expected_text, mistakes);
  std::size_t missing = 0;
  for (const auto& [key, value] : expected.samples) {
    const auto at = page.samples.find(key);
    const bool is_bucket = key.find("_bucket{") != std::string::npos;
    if (at == page.samples.end()) {
      // Bounds may be written in another way: "30" and "30.0".
      if (!is_bucket && ++missing <= 3) report.fail(key + " is missing");
    } else if (at->second != value && !(std::isnan(at->second) && std::isnan(value))) {
      report.fail(key + " is shown as " + std::to_string(at->second) + ", not " +
                  std::to_string(value));
    }
  }
}

}  // namespace

void check_exposition(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  testing::FakeHost host;
  fill(Context(host.table()).metrics());
  const testing::TemporaryFolder folder;
  std::vector<std::string> files;
  const Subject writing = writing_to(folder, subject, *descriptor, files);
  auto component = create_subject(writing, *descriptor, host, report);
  if (!component) return;
  ExporterUnderTest exporter(std::move(*component));
  constexpr int kFast = 1000;  // intervals of minutes pass in no time
  const HostPump pump(host, kFast);
  const Status attached = exporter.attach(host.metrics());
  if (!attached.is_ok()) return report.fail("attach failed: " + attached.to_string());
  const auto text = page_of(exporter, files);
  if (!text) return report.fail(text.error().message());
  const bool is_exposition = text->find("# TYPE ") != std::string::npos;
  if (!is_exposition) {
    exporter.component().stop();
    return report.skip("it shows no page in the exposition format");
  }
  std::vector<std::string> mistakes;
  const ExpositionPage page = ExpositionPage::parse(*text, mistakes);
  for (const auto& mistake : mistakes) report.fail(mistake);
  compare(page, host.metrics(), report);
  report.note(std::to_string(page.samples.size()) + " samples");
  exporter.component().stop();
}

void check_exporter_stop(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  testing::FakeHost host;
  fill(Context(host.table()).metrics());
  const testing::TemporaryFolder folder;
  std::vector<std::string> files;
  const Subject writing = writing_to(folder, subject, *descriptor, files);
  auto component = create_subject(writing, *descriptor, host, report);
  if (!component) return;
  ExporterUnderTest exporter(std::move(*component));
  const HostPump pump(host, 1000);
  const Status attached = exporter.attach(host.metrics());
  if (!attached.is_ok()) return report.fail("attach failed: " + attached.to_string());
  const auto addresses = exporter.addresses();
  exporter.component().stop();
  const std::size_t before = host.metrics().collections();
  for (const auto& address : addresses) {
    report.expect(!scrape(address), "it still answers on " + address + " after stop");
  }
  pause_ms(200);
  report.expect(host.metrics().collections() == before, "the registry was asked after stop");
}

}  // namespace kvhost::conformance
