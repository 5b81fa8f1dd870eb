// The C++ face of a metrics exporter: shows the node's metrics to a monitoring system.
//
// Threads:   start, attach, drain and stop on the control thread; Registry::collect on any thread.
// Lifetime:  the Registry is good from attach() until stop() returned.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/metrics.h"
#include "kvhost/compaction.hpp"
#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/result.hpp"

namespace kvhost {

enum class MetricType : uint32_t {
  kCounter = KVH_METRIC_COUNTER,
  kGauge = KVH_METRIC_GAUGE,
  kHistogram = KVH_METRIC_HISTOGRAM,
};

// One series of a family.
struct SampleView {
  std::vector<std::string_view> label_values;  // as many as the family has label names
  double value = 0;                            // counter, gauge
  std::span<const uint64_t> bucket_counts;     // histogram: not cumulative, one more than bounds
  uint64_t count = 0;
  double sum = 0;
};
struct FamilyView {
  MetricType type = MetricType::kCounter;
  std::string_view name;
  std::string_view help;
  std::vector<std::string_view> label_names;
  std::vector<double> bounds;  // histogram: upper bounds, ascending
  std::vector<SampleView> samples;
};

namespace detail {

inline std::vector<std::string_view> to_views(const kvh_bytes* first, uint64_t count) {
  std::vector<std::string_view> views;
  for (uint64_t i = 0; i < count; ++i) views.push_back(to_view(first[i]));
  return views;
}

inline FamilyView to_family(const kvh_family& raw) {
  FamilyView family;
  family.type = static_cast<MetricType>(raw.info.type);
  family.name = to_view(raw.info.name);
  family.help = to_view(raw.info.help);
  family.label_names = to_views(raw.info.label_names, raw.info.label_count);
  if (raw.info.buckets != nullptr) {
    family.bounds.assign(raw.info.buckets, raw.info.buckets + raw.info.bucket_count);
  }
  for (uint64_t i = 0; i < raw.sample_count; ++i) {
    const kvh_sample& sample = strided(raw.samples, raw.sample_stride, i);
    // Bounds that are not given double from 10 µs.
    for (double bound = 10e-6;
         raw.info.buckets == nullptr && family.bounds.size() + 1 < sample.bucket_count;
         bound *= 2) {
      family.bounds.push_back(bound);
    }
    family.samples.push_back({to_views(sample.label_values, raw.info.label_count), sample.value,
                              std::span(sample.bucket_counts, sample.bucket_count), sample.count,
                              sample.sum});
  }
  return family;
}

}  // namespace detail

// All metrics of the node, as of the call.
class Registry {
 public:
  explicit Registry(const kvh_registry* registry) : registry_(registry) {}
  // visit(const FamilyView&) for each family, sorted by name; borrowed until visit returns.
  template <typename Visit>
  Status for_each(Visit visit) const {
    return collect([&](const kvh_family& raw) { visit(detail::to_family(raw)); });
  }
  // The same in the table's own form: visit(const kvh_family&).
  template <typename Visit>
  Status collect(Visit visit) const {
    kvh_error error = detail::make_error();
    const kvh_family_sink sink{[](void* ctx, const kvh_family* family) noexcept -> int32_t {
                                 try {
                                   (*static_cast<Visit*>(ctx))(*family);
                                   return 0;
                                 } catch (...) {
                                   return KVH_OUT_OF_MEMORY;
                                 }
                               },
                               &visit};
    return detail::read_status(registry_->collect(registry_->self, sink, &error), &error);
  }

 private:
  const kvh_registry* registry_;
};

class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual Status start() { return {}; }
  // Begins to show `registry`.
  virtual Status attach(Registry registry) = 0;
  // Returns when every thread of its own is joined and no collect is running.
  virtual void stop(Deadline deadline) = 0;
  virtual Status reconfigure(const Config& /*config*/) { return {}; }
  virtual std::vector<std::string> addresses() const { return {}; }
};

}  // namespace kvhost
