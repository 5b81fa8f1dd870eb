// The component `prometheus`: serves the node's metrics at http://listen/metrics by
// prometheus-cpp's pull server.
//
// Threads:   the control thread, but for addresses; the server has two threads of its own.
// Lifetime:  create → start → attach → stop → destruction.
#pragma once

#include <prometheus/exposer.h>

#include <memory>
#include <string>
#include <vector>

#include "kvhost/exporter.hpp"
#include "kvhost/options.hpp"
#include "registry_collectable.hpp"

namespace kvhost::prometheus_exporter {

class PrometheusExporter final : public Exporter {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:2112")
          .doc("address to serve /metrics on; \":2112\" is every interface, port 0 picks a free "
               "one"));

  static Result<std::unique_ptr<PrometheusExporter>> create(Context& context, const Config& config);

  Status start() override;
  Status attach(Registry registry) override;
  void stop(Deadline deadline) override;
  std::vector<std::string> addresses() const override { return {address_}; }

 private:
  PrometheusExporter(Log log, std::string listen) : log_(log), listen_(std::move(listen)) {}

  const Log log_;
  const std::string listen_;
  std::string address_;  // set by start, before anyone asks
  std::shared_ptr<RegistryCollectable> collectable_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace kvhost::prometheus_exporter
