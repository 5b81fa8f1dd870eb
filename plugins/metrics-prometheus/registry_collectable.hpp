// The node's registry as prometheus-cpp wants to see metrics: names, labels and bounds pass as they
// are, histograms become cumulative.
//
// Threads:   any; each call collects anew.
// Lifetime:  the registry outlives it.
// Errors:    a collection that fails shows what came before the failure, and is logged.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

#include "kvhost/context.hpp"
#include "kvhost/exporter.hpp"

namespace kvhost::prometheus_exporter {

class RegistryCollectable final : public prometheus::Collectable {
 public:
  RegistryCollectable(Registry registry, Log log) : registry_(registry), log_(log) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Registry registry_;
  const Log log_;
};

prometheus::MetricFamily to_metric_family(const kvh_family& family);

}  // namespace kvhost::prometheus_exporter
