// Durations in buckets that are 5 % wide, for quantiles of millions of requests.
//
// Threads:   one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace kvhost::kvctl {

class Latencies {
 public:
  void add(double seconds) {
    const double micros = std::max(1.0, seconds * 1e6);
    const auto bucket = static_cast<std::size_t>(std::log(micros) / std::log(kGrowth));
    ++counts_[std::min(bucket, counts_.size() - 1)];
    ++count_;
  }
  uint64_t count() const { return count_; }
  // Microseconds; the upper edge of the bucket that the quantile falls into.
  uint64_t quantile_us(double wanted) const {
    const auto rank = static_cast<uint64_t>(wanted * static_cast<double>(count_));
    uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > rank) {
        return static_cast<uint64_t>(std::ceil(std::pow(kGrowth, static_cast<double>(i + 1))));
      }
    }
    return 0;
  }

 private:
  static constexpr double kGrowth = 1.05;
  std::array<uint64_t, 400> counts_{};
  uint64_t count_ = 0;
};

}  // namespace kvhost::kvctl
