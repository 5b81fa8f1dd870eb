// Tells the engine's statistics and the store's counters as metric families, read when asked.
//
// Threads:   any.
// Lifetime:  borrows both.
// Reading:   docs/reference/metrics.md is generated from the families here and in node_metrics.hpp.
#pragma once

#include "kvhost/engine/engine.hpp"
#include "metrics/metric_family.hpp"
#include "store/store_counters.hpp"

namespace kvhost::host {

class EngineMetrics final : public MetricsSource {
 public:
  EngineMetrics(engine::Engine& engine, const StoreCounters& store)
      : engine_(engine), store_(store) {}
  void collect(std::vector<MetricFamily>& out) override;

 private:
  engine::Engine& engine_;
  const StoreCounters& store_;
};

}  // namespace kvhost::host
