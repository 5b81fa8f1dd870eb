#include "metrics/metrics_tables.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "metrics/metric_series.hpp"
#include "metrics/metrics_registry.hpp"

namespace kvhost::host {
namespace {

using detail::to_bytes;
using detail::to_view;

MetricsRegistry& registry_of(void* self) { return *static_cast<MetricsRegistry*>(self); }
MetricSeries* series_of(void* series) { return static_cast<MetricSeries*>(series); }

uint64_t family(void* self, const kvh_family_info* info, kvh_error* error) noexcept {
  uint64_t handle = 0;
  detail::guarded(error, "metrics.family", [&]() -> int32_t {
    if (info == nullptr || !KVH_COVERS(info, kvh_family_info, bucket_count)) {
      return detail::write_error(error, KVH_INVALID_ARGUMENT,
                                 "metrics.family: the kvh_family_info is missing or too small");
    }
    MetricFamily shape;
    shape.name = to_view(info->name);
    shape.help = to_view(info->help);
    shape.type = static_cast<MetricType>(info->type);
    for (uint64_t i = 0; i < info->label_count; ++i) {
      // One more than the limit is enough for the refusal.
      if (i > kMaxLabels) break;
      shape.label_names.emplace_back(to_view(info->label_names[i]));
    }
    if (info->buckets != nullptr) {
      shape.bounds.assign(info->buckets, info->buckets + info->bucket_count);
    }
    const auto made = registry_of(self).family(shape);
    if (!made) return detail::write_status(error, made.error());
    handle = *made;
    return KVH_OK;
  });
  return handle;
}

void* series(void* self, uint64_t family, const kvh_bytes* values, uint64_t count) noexcept {
  void* found = nullptr;
  detail::swallowed([&] {
    if (count > kMaxLabels) return;
    std::vector<std::string_view> labels;
    for (uint64_t i = 0; i < count; ++i) labels.push_back(to_view(values[i]));
    found = registry_of(self).series(family, labels);
  });
  return found;
}

void add(void*, void* series, double amount) noexcept {
  if (series != nullptr) series_of(series)->add(amount);
}
void set(void*, void* series, double value) noexcept {
  if (series != nullptr) series_of(series)->set(value);
}
void observe(void*, void* series, double value) noexcept {
  if (series != nullptr) series_of(series)->observe(value);
}
void retire(void* self, void* series) noexcept {
  detail::swallowed([&] { registry_of(self).retire(series_of(series)); });
}

// One family in the C form; borrows it.
class AbiFamily {
 public:
  explicit AbiFamily(const MetricFamily& family) {
    for (const auto& name : family.label_names) label_names_.push_back(to_bytes(name));
    const std::size_t width = family.label_names.size();
    label_values_.reserve(width * family.samples.size());
    samples_.reserve(family.samples.size());
    for (const auto& sample : family.samples) {
      const std::size_t first = label_values_.size();
      for (const auto& value : sample.label_values) label_values_.push_back(to_bytes(value));
      samples_.push_back({sizeof(kvh_sample), 0, label_values_.data() + first, sample.value,
                          sample.bucket_counts.data(), sample.bucket_counts.size(), sample.count,
                          sample.sum});
    }
    abi_.size = sizeof(kvh_family);
    abi_.info = {sizeof(kvh_family_info), static_cast<uint32_t>(family.type),
                 to_bytes(family.name),   to_bytes(family.help),
                 label_names_.data(),     label_names_.size(),
                 family.bounds.data(),    family.bounds.size()};
    abi_.samples = samples_.data();
    abi_.sample_count = samples_.size();
    abi_.sample_stride = sizeof(kvh_sample);
  }
  const kvh_family& abi() const { return abi_; }

 private:
  std::vector<kvh_bytes> label_names_;
  std::vector<kvh_bytes> label_values_;
  std::vector<kvh_sample> samples_;
  kvh_family abi_{};
};

int32_t collect(void* self, kvh_family_sink sink, kvh_error* error) noexcept {
  return detail::guarded(error, "metrics.collect", [&]() -> int32_t {
    for (const auto& family : registry_of(self).snapshot()) {
      const AbiFamily abi(family);
      if (sink.fn(sink.ctx, &abi.abi()) != 0) break;
    }
    return KVH_OK;
  });
}

}  // namespace

kvh_metrics make_metrics_table(MetricsRegistry& registry) {
  return {sizeof(kvh_metrics), 0, &registry, &family, &series, &add, &set, &observe, &retire};
}

kvh_registry make_registry_table(MetricsRegistry& registry) {
  return {sizeof(kvh_registry), 0, &registry, &collect};
}

}  // namespace kvhost::host
