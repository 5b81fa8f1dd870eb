#include "metrics/metric_series.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace kvhost::host {

MetricSeries::MetricSeries(uint64_t family, MetricType type, const std::vector<double>& bounds,
                           std::vector<std::string> label_values)
    : family_(family), type_(type), bounds_(bounds), label_values_(std::move(label_values)) {
  if (type_ == MetricType::kHistogram) {
    buckets_ = std::make_unique<std::atomic<uint64_t>[]>(bounds_.size() + 1);
  }
}

void MetricSeries::add(double amount) {
  if (type_ == MetricType::kHistogram || std::isnan(amount)) return;
  if (type_ == MetricType::kCounter && amount < 0) return;
  value_.fetch_add(amount, std::memory_order_relaxed);
}

void MetricSeries::set(double value) {
  if (type_ == MetricType::kGauge) value_.store(value, std::memory_order_relaxed);
}

void MetricSeries::observe(double value) {
  if (type_ != MetricType::kHistogram || std::isnan(value)) return;
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  buckets_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1,
                                                                        std::memory_order_relaxed);
  value_.fetch_add(value, std::memory_order_relaxed);
}

MetricSample MetricSeries::read() const {
  MetricSample sample;
  sample.label_values = label_values_;
  if (type_ != MetricType::kHistogram) {
    sample.value = value_.load(std::memory_order_relaxed);
    return sample;
  }
  sample.bucket_counts.reserve(bounds_.size() + 1);
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    sample.bucket_counts.push_back(buckets_[i].load(std::memory_order_relaxed));
    sample.count += sample.bucket_counts.back();
  }
  sample.sum = value_.load(std::memory_order_relaxed);
  return sample;
}

}  // namespace kvhost::host
