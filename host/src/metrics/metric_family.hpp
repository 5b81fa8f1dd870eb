// Metrics as values: what a source tells and what an exporter is shown.
//
// Threads:   values; a MetricsSource is asked on any thread, by one collection at a time or
// several.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/abi/host.h"

namespace kvhost::host {

enum class MetricType : uint32_t {
  kCounter = KVH_METRIC_COUNTER,
  kGauge = KVH_METRIC_GAUGE,
  kHistogram = KVH_METRIC_HISTOGRAM,
};

struct MetricSample {
  std::vector<std::string> label_values;
  double value = 0;
  // Histograms: not cumulative, one more than there are bounds.
  std::vector<uint64_t> bucket_counts;
  uint64_t count = 0;
  double sum = 0;
};

struct MetricFamily {
  std::string name;
  std::string help;
  MetricType type = MetricType::kGauge;
  std::vector<std::string> label_names;
  std::vector<double> bounds;  // histograms
  std::vector<MetricSample> samples;

  MetricFamily& add(double value, std::vector<std::string> labels = {}) {
    samples.push_back({std::move(labels), value, {}, 0, 0});
    return *this;
  }
};

// Tells families when it is asked, from counters kept elsewhere.
class MetricsSource {
 public:
  virtual ~MetricsSource() = default;
  // Must not wait for the disk.
  virtual void collect(std::vector<MetricFamily>& out) = 0;
};

}  // namespace kvhost::host
