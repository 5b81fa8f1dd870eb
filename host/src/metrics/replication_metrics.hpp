// Tells how replication goes as metric families: what the strategy says about the cluster in its
// status, and what this node knows of its own state.
//
// Threads:   any.
// Lifetime:  borrows the ordering.
// Errors:    a member that the strategy's status lacks, or has in another type, is left out.
#pragma once

#include "metrics/metric_family.hpp"
#include "store/ordering.hpp"

namespace kvhost::host {

class ReplicationMetrics final : public MetricsSource {
 public:
  explicit ReplicationMetrics(const Ordering& ordering) : ordering_(ordering) {}
  void collect(std::vector<MetricFamily>& out) override;

 private:
  const Ordering& ordering_;
};

}  // namespace kvhost::host
