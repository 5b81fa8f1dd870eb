// One series of a registered family: numbers that any thread moves without a lock.
//
// Threads:   add, set and observe on any thread; read() sees each number by itself, so a histogram
//            read while it is observed may be one observation apart from itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "metrics/metric_family.hpp"

namespace kvhost::host {

class MetricSeries {
 public:
  // `bounds` outlives the series; `family` is the registry's handle.
  MetricSeries(uint64_t family, MetricType type, const std::vector<double>& bounds,
               std::vector<std::string> label_values);

  // A call that does not fit the type, or a counter's negative amount, does nothing.
  void add(double amount);
  void set(double value);
  void observe(double value);

  MetricSample read() const;
  uint64_t family() const { return family_; }
  const std::vector<std::string>& label_values() const { return label_values_; }

 private:
  const uint64_t family_;
  const MetricType type_;
  const std::vector<double>& bounds_;
  const std::vector<std::string> label_values_;
  std::atomic<double> value_{0};  // histograms: the sum
  std::unique_ptr<std::atomic<uint64_t>[]> buckets_;
};

}  // namespace kvhost::host
