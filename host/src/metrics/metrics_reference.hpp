// The reference page of the metrics, made from the families themselves.
//
// Threads:   functions any.
#pragma once

#include <string>
#include <vector>

#include "metrics/metric_family.hpp"

namespace kvhost::host {

// docs/reference/metrics.md; `families` sorted by name.
std::string metrics_reference(const std::vector<MetricFamily>& families);
// One line per family: name, type, labels.
std::string metrics_list(const std::vector<MetricFamily>& families);

}  // namespace kvhost::host
