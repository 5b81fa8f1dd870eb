// Medians and the interval of a ratio of medians.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace kvbench {

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct RatioInterval {
  double ratio = 0;  // median of the rounds' ratios
  double low = 0;    // 2.5 % and 97.5 % of its bootstrap
  double high = 0;
};

// Round i of ours against round i of the peer's: they ran next to each other.
inline RatioInterval ratio_interval(const std::vector<double>& ours,
                                    const std::vector<double>& peers) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size() && i < peers.size(); ++i) {
    ratios.push_back(ours[i] / peers[i]);
  }
  RatioInterval interval;
  interval.ratio = median(ratios);
  std::mt19937_64 random(7);
  std::vector<double> resampled;
  for (int trial = 0; trial < 2000 && !ratios.empty(); ++trial) {
    std::vector<double> drawn;
    for (std::size_t i = 0; i < ratios.size(); ++i)
      drawn.push_back(ratios[random() % ratios.size()]);
    resampled.push_back(median(drawn));
  }
  std::sort(resampled.begin(), resampled.end());
  if (!resampled.empty()) {
    interval.low = resampled[resampled.size() * 25 / 1000];
    interval.high = resampled[resampled.size() * 975 / 1000];
  }
  return interval;
}

}  // namespace kvbench
