#include "prometheus_exporter.hpp"

#include <exception>

#include "listen_address.hpp"

namespace kvhost::prometheus_exporter {

Result<std::unique_ptr<PrometheusExporter>> PrometheusExporter::create(Context& context,
                                                                       const Config& config) {
  return std::unique_ptr<PrometheusExporter>(
      new PrometheusExporter(context.log(), config.string("listen")));
}

Status PrometheusExporter::start() {
  KVHOST_TRY_ASSIGN(ListenAddress address, ListenAddress::resolve(listen_));
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", address.text(), "num_threads", "2", "request_timeout_ms", "10000"});
  } catch (const std::exception& thrown) {
    return {StatusCode::IO_ERROR, "serving metrics on " + address.text() + ": " + thrown.what()};
  }
  const auto ports = exposer_->GetListeningPorts();
  if (!ports.empty()) address.port = std::to_string(ports.front());
  address_ = address.text();
  return {};
}

Status PrometheusExporter::attach(Registry registry) {
  collectable_ = std::make_shared<RegistryCollectable>(registry, log_);
  exposer_->RegisterCollectable(collectable_);
  return {};
}

// The server's end joins its threads, and with them the last collection.
void PrometheusExporter::stop(Deadline) {
  exposer_.reset();
  collectable_.reset();
}

}  // namespace kvhost::prometheus_exporter
