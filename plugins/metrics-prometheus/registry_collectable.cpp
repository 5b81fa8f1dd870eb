#include "registry_collectable.hpp"

#include <limits>
#include <string>
#include <string_view>

namespace kvhost::prometheus_exporter {
namespace {

// Where a histogram declares no bounds they double from 10 µs (kvhost/abi/host.h).
constexpr double kFirstBoundSeconds = 10e-6;

double upper_bound(const kvh_family_info& info, uint64_t bucket) {
  if (info.buckets != nullptr) {
    return bucket < info.bucket_count ? info.buckets[bucket]
                                      : std::numeric_limits<double>::infinity();
  }
  double bound = kFirstBoundSeconds;
  for (uint64_t i = 0; i < bucket; ++i) bound *= 2;
  return bound;
}

prometheus::ClientMetric::Histogram to_histogram(const kvh_family_info& info,
                                                 const kvh_sample& sample) {
  prometheus::ClientMetric::Histogram histogram;
  histogram.sample_count = sample.count;
  histogram.sample_sum = sample.sum;
  uint64_t total = 0;
  for (uint64_t i = 0; i < sample.bucket_count; ++i) {
    total += sample.bucket_counts[i];
    const bool last = i + 1 == sample.bucket_count;
    histogram.bucket.push_back(
        {total, last ? std::numeric_limits<double>::infinity() : upper_bound(info, i)});
  }
  // Samples that were counted while the buckets were read must not make the sum of them lie.
  if (sample.bucket_count != 0) histogram.sample_count = total;
  return histogram;
}

prometheus::MetricType to_type(uint32_t type) {
  if (type == KVH_METRIC_COUNTER) return prometheus::MetricType::Counter;
  if (type == KVH_METRIC_GAUGE) return prometheus::MetricType::Gauge;
  if (type == KVH_METRIC_HISTOGRAM) return prometheus::MetricType::Histogram;
  return prometheus::MetricType::Untyped;
}

// The library writes help texts as they are; a line's end in one would end the comment.
std::string escaped(std::string_view help) {
  std::string text;
  for (const char c : help) {
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c == '\\' ? std::string("\\\\") : std::string(1, c);
    }
  }
  return text;
}

}  // namespace

prometheus::MetricFamily to_metric_family(const kvh_family& family) {
  const kvh_family_info& info = family.info;
  prometheus::MetricFamily out;
  out.name = detail::to_view(info.name);
  out.help = escaped(detail::to_view(info.help));
  out.type = to_type(info.type);
  for (uint64_t s = 0; s < family.sample_count; ++s) {
    const kvh_sample& sample = detail::strided(family.samples, family.sample_stride, s);
    prometheus::ClientMetric& metric = out.metric.emplace_back();
    for (uint64_t l = 0; l < info.label_count; ++l) {
      metric.label.push_back({std::string(detail::to_view(info.label_names[l])),
                              std::string(detail::to_view(sample.label_values[l]))});
    }
    metric.counter.value = metric.gauge.value = metric.untyped.value = sample.value;
    if (info.type == KVH_METRIC_HISTOGRAM) metric.histogram = to_histogram(info, sample);
  }
  return out;
}

std::vector<prometheus::MetricFamily> RegistryCollectable::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const Status status = registry_.collect(
      [&](const kvh_family& family) { families.push_back(to_metric_family(family)); });
  if (!status.is_ok()) log_.warning("collecting the metrics: " + status.to_string());
  return families;
}

}  // namespace kvhost::prometheus_exporter
