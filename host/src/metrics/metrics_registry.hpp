// kvhost.metrics/1 and the registry that exporters walk: families that components registered, and
// families that sources tell on demand.
//
// Threads:   any. add, set and observe are lock-free; family, series, retire and collect lock.
// Lifetime:  a series lives until retire(), a source until remove_source(); collect() calls its
// sink
//            under no lock.
// Limits:    kMaxSeriesPerFamily series in a family, kMaxFamilies families, kMaxLabels labels.
// Errors:    a name that is malformed, or taken by a family of another shape, is INVALID_ARGUMENT.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/host.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/result.hpp"
#include "metrics/metric_family.hpp"

namespace kvhost::host {

inline constexpr std::size_t kMaxSeriesPerFamily = 10'000;
inline constexpr std::size_t kMaxFamilies = 2'000;
inline constexpr std::size_t kMaxLabels = 16;

// Seconds, from 10 µs doubling up to 42 s: what histograms use that name no bounds.
const std::vector<double>& default_bounds();

class MetricSeries;

class MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  // The handle of the family, the same for the same shape; samples of `shape` are ignored.
  Result<uint64_t> family(const MetricFamily& shape);
  // Null for a wrong number of labels, an unknown family, or past the limit.
  MetricSeries* series(uint64_t family, std::span<const std::string_view> label_values);
  void retire(MetricSeries* series);

  // Asked at every collection, before the registered families: a name of a source wins.
  void add_source(MetricsSource* source);
  void remove_source(MetricsSource* source);

  // Everything as of now, sorted by name.
  std::vector<MetricFamily> snapshot();

  const kvh_metrics* metrics_table() const { return &metrics_table_; }
  const kvh_registry* registry_table() const { return &registry_table_; }

 private:
  struct Family;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
  std::map<std::string, uint64_t, std::less<>> by_name_;
  std::mutex sources_mutex_;
  std::vector<MetricsSource*> sources_;
  kvh_metrics metrics_table_;
  kvh_registry registry_table_;
};

}  // namespace kvhost::host
