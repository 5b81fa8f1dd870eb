#include "kvhost/plugin.hpp"

#include "prometheus_exporter.hpp"

KVHOST_PLUGIN("org.kvhost.metrics-prometheus", "0.1.0",
              kvhost::exporter<kvhost::prometheus_exporter::PrometheusExporter>(
                  "prometheus", "the node's metrics at /metrics, in Prometheus' text format"));
