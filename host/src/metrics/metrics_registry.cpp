#include "metrics/metrics_registry.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kvhost/engine/statistics.hpp"
#include "metrics/metric_series.hpp"
#include "metrics/metrics_tables.hpp"

namespace kvhost::host {
namespace {

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || name.size() > 200) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !(digit && i > 0) && !(colons && c == ':')) return false;
  }
  return true;
}

Status check_shape(const MetricFamily& shape) {
  const auto refuse = [&](const std::string& why) {
    return Status(StatusCode::INVALID_ARGUMENT, "metric family \"" + shape.name + "\": " + why);
  };
  if (!is_name(shape.name, true)) {
    return refuse("the name must match [a-zA-Z_:][a-zA-Z0-9_:]*, at most 200 bytes");
  }
  if (shape.type != MetricType::kCounter && shape.type != MetricType::kGauge &&
      shape.type != MetricType::kHistogram) {
    return refuse("unknown type " + std::to_string(static_cast<uint32_t>(shape.type)));
  }
  if (shape.label_names.size() > kMaxLabels) {
    return refuse(std::to_string(shape.label_names.size()) + " labels, at most " +
                  std::to_string(kMaxLabels) + " are allowed");
  }
  for (const auto& label : shape.label_names) {
    if (!is_name(label, false)) {
      return refuse("label \"" + label + "\" must match [a-zA-Z_][a-zA-Z0-9_]*");
    }
  }
  for (std::size_t i = 0; i < shape.bounds.size(); ++i) {
    if (!std::isfinite(shape.bounds[i]) || (i > 0 && shape.bounds[i] <= shape.bounds[i - 1])) {
      return refuse("bucket bounds must be finite and ascending");
    }
  }
  return {};
}

}  // namespace

const std::vector<double>& default_bounds() {
  static const std::vector<double> bounds = [] {
    std::vector<double> made;
    for (int i = 0; i < engine::DurationHistogram::kBuckets - 1; ++i) {
      made.push_back(engine::DurationHistogram::bound_seconds(i));
    }
    return made;
  }();
  return bounds;
}

struct MetricsRegistry::Family {
  MetricFamily shape;
  std::map<std::vector<std::string>, std::unique_ptr<MetricSeries>> series;
};

MetricsRegistry::MetricsRegistry()
    : metrics_table_(make_metrics_table(*this)), registry_table_(make_registry_table(*this)) {}

MetricsRegistry::~MetricsRegistry() = default;

Result<uint64_t> MetricsRegistry::family(const MetricFamily& wanted) {
  MetricFamily shape = wanted;
  shape.samples.clear();
  if (shape.type != MetricType::kHistogram) {
    shape.bounds.clear();
  } else if (shape.bounds.empty()) {
    shape.bounds = default_bounds();
  }
  KVHOST_TRY(check_shape(shape));

  const std::lock_guard lock(mutex_);
  if (const auto found = by_name_.find(shape.name); found != by_name_.end()) {
    const MetricFamily& known = families_[found->second - 1]->shape;
    if (known.type == shape.type && known.label_names == shape.label_names &&
        known.bounds == shape.bounds) {
      return found->second;
    }
    return Status(StatusCode::INVALID_ARGUMENT,
                  "metric family \"" + shape.name +
                      "\" is registered already with another type, labels or buckets");
  }
  if (families_.size() >= kMaxFamilies) {
    return Status(StatusCode::OVERLOADED,
                  "metric family \"" + shape.name + "\": " + std::to_string(kMaxFamilies) +
                      " families are registered already, the most there may be");
  }
  auto made = std::make_unique<Family>();
  made->shape = std::move(shape);
  families_.push_back(std::move(made));
  by_name_.emplace(families_.back()->shape.name, families_.size());
  return uint64_t{families_.size()};
}

MetricSeries* MetricsRegistry::series(uint64_t handle,
                                      std::span<const std::string_view> label_values) {
  std::vector<std::string> key(label_values.begin(), label_values.end());
  const std::lock_guard lock(mutex_);
  if (handle == 0 || handle > families_.size()) return nullptr;
  Family& family = *families_[handle - 1];
  if (family.shape.label_names.size() != key.size()) return nullptr;
  if (const auto found = family.series.find(key); found != family.series.end()) {
    return found->second.get();
  }
  if (family.series.size() >= kMaxSeriesPerFamily) return nullptr;
  auto made = std::make_unique<MetricSeries>(handle, family.shape.type, family.shape.bounds, key);
  return family.series.emplace(std::move(key), std::move(made)).first->second.get();
}

void MetricsRegistry::retire(MetricSeries* series) {
  if (series == nullptr) return;
  const std::lock_guard lock(mutex_);
  auto& all = families_[series->family() - 1]->series;
  if (const auto found = all.find(series->label_values()); found != all.end()) all.erase(found);
}

void MetricsRegistry::add_source(MetricsSource* source) {
  const std::lock_guard lock(sources_mutex_);
  sources_.push_back(source);
}

void MetricsRegistry::remove_source(MetricsSource* source) {
  const std::lock_guard lock(sources_mutex_);
  sources_.erase(std::remove(sources_.begin(), sources_.end(), source), sources_.end());
}

std::vector<MetricFamily> MetricsRegistry::snapshot() {
  std::vector<MetricFamily> all;
  {
    // Held while sources are asked: after remove_source() returned, a source may be destroyed.
    const std::lock_guard lock(sources_mutex_);
    for (MetricsSource* source : sources_) source->collect(all);
  }
  {
    const std::lock_guard lock(mutex_);
    for (const auto& family : families_) {
      all.push_back(family->shape);
      for (const auto& [labels, series] : family->series) {
        all.back().samples.push_back(series->read());
      }
    }
  }
  const auto by_name = [](const MetricFamily& a, const MetricFamily& b) { return a.name < b.name; };
  std::stable_sort(all.begin(), all.end(), by_name);
  const auto same_name = [](const MetricFamily& a, const MetricFamily& b) {
    return a.name == b.name;
  };
  all.erase(std::unique(all.begin(), all.end(), same_name), all.end());
  return all;
}

}  // namespace kvhost::host
