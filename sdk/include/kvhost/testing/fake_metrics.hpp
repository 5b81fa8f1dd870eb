// Metrics that are kept: what a component counts can be read, and the same book serves as the
// registry that an exporter shows.
//
//   host.metrics().value("mine_requests_total{get}")
//   exporter.attach(metrics.registry())
//
// Threads:   any.
// Lifetime:  outlives the component.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/metrics.h"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::testing {

class FakeMetrics {
 public:
  FakeMetrics();
  FakeMetrics(const FakeMetrics&) = delete;
  FakeMetrics& operator=(const FakeMetrics&) = delete;

  const kvh_metrics* table() const { return &table_; }
  const kvh_registry* registry() const { return &registry_; }

  // The value of a counter or gauge, a histogram's count: "name" or "name{label value,…}"; 0 when
  // there is none.
  double value(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto at = series_.find(name);
    if (at == series_.end()) return 0;
    return at->second.counts.empty() ? at->second.value : static_cast<double>(at->second.count);
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> list;
    for (const auto& [name, series] : series_) list.push_back(name);
    return list;
  }
  std::size_t collections() const {
    const std::lock_guard lock(mutex_);
    return collections_;
  }

 private:
  struct FamilyRow {
    uint32_t type = 0;
    std::string name;
    std::string help;
    std::vector<std::string> labels;
    std::vector<double> bounds;
    bool has_own_bounds = false;  // else those that abi/host.h names
  };
  struct SeriesRow {
    std::size_t family = 0;
    std::vector<std::string> labels;
    double value = 0;
    std::vector<uint64_t> counts;  // histograms: one more than there are bounds
    uint64_t count = 0;
    bool retired = false;
  };

  static FakeMetrics& of(void* self) { return *static_cast<FakeMetrics*>(self); }
  uint64_t add_family(const kvh_family_info& info, kvh_error* error);
  SeriesRow* add_series(uint64_t family, const kvh_bytes* values, uint64_t count);
  void observe(SeriesRow& row, double value);
  int32_t collect(kvh_family_sink sink);

  mutable std::mutex mutex_;
  std::vector<FamilyRow> families_;
  std::map<std::string, SeriesRow> series_;
  std::size_t collections_ = 0;
  kvh_metrics table_{};
  kvh_registry registry_{};
};

inline FakeMetrics::FakeMetrics() {
  table_.size = sizeof(kvh_metrics);
  table_.self = this;
  table_.family = [](void* self, const kvh_family_info* info, kvh_error* error) noexcept {
    return of(self).add_family(*info, error);
  };
  table_.series = [](void* self, uint64_t family, const kvh_bytes* values,
                     uint64_t count) noexcept -> void* {
    return of(self).add_series(family, values, count);
  };
  table_.add = [](void* self, void* series, double amount) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    static_cast<SeriesRow*>(series)->value += amount;
  };
  table_.set = [](void* self, void* series, double value) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    static_cast<SeriesRow*>(series)->value = value;
  };
  table_.observe = [](void* self, void* series, double value) noexcept {
    of(self).observe(*static_cast<SeriesRow*>(series), value);
  };
  table_.retire = [](void* self, void* series) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    static_cast<SeriesRow*>(series)->retired = true;
  };
  registry_ = {
      sizeof(kvh_registry), 0, this,
      [](void* self, kvh_family_sink sink, kvh_error*) noexcept { return of(self).collect(sink); }};
}

inline uint64_t FakeMetrics::add_family(const kvh_family_info& info, kvh_error* error) {
  const std::lock_guard lock(mutex_);
  FamilyRow row;
  row.type = info.type;
  row.name = detail::to_view(info.name);
  row.help = detail::to_view(info.help);
  for (uint64_t i = 0; i < info.label_count; ++i) {
    row.labels.emplace_back(detail::to_view(info.label_names[i]));
  }
  row.has_own_bounds = info.buckets != nullptr;
  if (row.has_own_bounds) row.bounds.assign(info.buckets, info.buckets + info.bucket_count);
  if (row.type == KVH_METRIC_HISTOGRAM && row.bounds.empty()) {
    for (double bound = 1e-5; bound < 100; bound *= 2) row.bounds.push_back(bound);
  }
  for (std::size_t i = 0; i < families_.size(); ++i) {
    if (families_[i].name != row.name) continue;
    if (families_[i].type == row.type && families_[i].labels == row.labels) return i + 1;
    detail::write_error(error, KVH_CONFLICT, row.name + " is taken by another shape");
    return 0;
  }
  families_.push_back(std::move(row));
  return families_.size();
}

inline FakeMetrics::SeriesRow* FakeMetrics::add_series(uint64_t family, const kvh_bytes* values,
                                                       uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (family == 0 || family > families_.size()) return nullptr;
  const FamilyRow& owner = families_[family - 1];
  if (owner.labels.size() != count) return nullptr;
  SeriesRow row;
  row.family = family - 1;
  std::string name = owner.name;
  for (uint64_t i = 0; i < count; ++i) {
    row.labels.emplace_back(detail::to_view(values[i]));
    name += (i == 0 ? "{" : ",") + row.labels.back();
  }
  if (count != 0) name += "}";
  if (owner.type == KVH_METRIC_HISTOGRAM) row.counts.resize(owner.bounds.size() + 1);
  const auto [at, is_new] = series_.try_emplace(name, row);
  if (!is_new && at->second.retired) at->second = std::move(row);
  return &at->second;
}

inline void FakeMetrics::observe(SeriesRow& row, double value) {
  const std::lock_guard lock(mutex_);
  const auto& bounds = families_[row.family].bounds;
  const auto at = std::lower_bound(bounds.begin(), bounds.end(), value);
  ++row.counts[static_cast<std::size_t>(at - bounds.begin())];
  ++row.count;
  row.value += value;
}

// The sink is called without the lock: an exporter may count while it collects.
inline int32_t FakeMetrics::collect(kvh_family_sink sink) {
  std::vector<FamilyRow> families;
  std::map<std::string, SeriesRow> series;
  {
    const std::lock_guard lock(mutex_);
    families = families_;
    series = series_;
    ++collections_;
  }
  std::vector<std::size_t> order(families.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return families[a].name < families[b].name; });
  for (const std::size_t index : order) {
    const FamilyRow& row = families[index];
    std::vector<kvh_bytes> names;
    for (const auto& label : row.labels) names.push_back(detail::to_bytes(label));
    std::vector<std::vector<kvh_bytes>> values;
    std::vector<kvh_sample> samples;
    for (const auto& [name, one] : series) {
      if (one.family != index || one.retired) continue;
      std::vector<kvh_bytes>& texts = values.emplace_back();
      for (const auto& label : one.labels) texts.push_back(detail::to_bytes(label));
      samples.push_back({sizeof(kvh_sample), 0, texts.data(), one.value, one.counts.data(),
                         one.counts.size(), one.count, one.value});
    }
    kvh_family family{};
    family.size = sizeof(family);
    family.info.size = sizeof(kvh_family_info);
    family.info.type = row.type;
    family.info.name = detail::to_bytes(row.name);
    family.info.help = detail::to_bytes(row.help);
    family.info.label_names = names.data();
    family.info.label_count = names.size();
    family.info.buckets = row.has_own_bounds ? row.bounds.data() : nullptr;
    family.info.bucket_count = row.has_own_bounds ? row.bounds.size() : 0;
    family.samples = samples.data();
    family.sample_count = samples.size();
    family.sample_stride = sizeof(kvh_sample);
    if (sink.fn(sink.ctx, &family) != 0) break;
  }
  return KVH_OK;
}

}  // namespace kvhost::testing
