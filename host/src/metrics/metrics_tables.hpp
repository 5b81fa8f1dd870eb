// The C tables over a MetricsRegistry.
//
// Threads:   any.
// Lifetime:  the tables borrow the registry.
#pragma once

#include "kvhost/abi/host.h"
#include "kvhost/abi/metrics.h"

namespace kvhost::host {

class MetricsRegistry;

kvh_metrics make_metrics_table(MetricsRegistry& registry);
kvh_registry make_registry_table(MetricsRegistry& registry);

}  // namespace kvhost::host
