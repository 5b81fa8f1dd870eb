// Latencies in buckets of 1/16 of a power of two (so within 6.25 %), and operations per 100 ms.
//
// Threads:   one each; merge() after they ended.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace kvbench {

class LatencyRecorder {
 public:
  static constexpr uint64_t kWindowNs = 100'000'000;

  // `at_ns`: when it ended, since the run began.
  void record(uint64_t at_ns, uint64_t duration_ns) {
    record_latency(duration_ns);
    count_window(at_ns, 1);
  }
  // A latency of what counts as no operation.
  void record_latency(uint64_t duration_ns) {
    ++buckets_[bucket(duration_ns)];
    max_ns_ = std::max(max_ns_, duration_ns);
  }
  // For operations that are not timed one by one.
  void count_window(uint64_t at_ns, uint64_t operations) {
    const std::size_t window = at_ns / kWindowNs;
    if (window >= windows_.size()) windows_.resize(window + 1);
    windows_[window] += operations;
  }
  void merge(const LatencyRecorder& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    max_ns_ = std::max(max_ns_, other.max_ns_);
    if (other.windows_.size() > windows_.size()) windows_.resize(other.windows_.size());
    for (std::size_t i = 0; i < other.windows_.size(); ++i) windows_[i] += other.windows_[i];
  }

  double percentile_us(double fraction) const {
    uint64_t total = 0;
    for (const auto count : buckets_) total += count;
    if (total == 0) return 0;
    const auto wanted = static_cast<uint64_t>(fraction * static_cast<double>(total));
    uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted) return std::min(upper_ns(i), static_cast<double>(max_ns_)) / 1e3;
    }
    return static_cast<double>(max_ns_) / 1e3;
  }
  double max_us() const { return static_cast<double>(max_ns_) / 1e3; }
  const std::vector<uint64_t>& windows() const { return windows_; }

 private:
  static std::size_t bucket(uint64_t ns) {
    if (ns < 16) return ns;
    const int shift = std::bit_width(ns) - 5;
    return static_cast<std::size_t>(shift + 1) * 16 + ((ns >> shift) & 15);
  }
  static double upper_ns(std::size_t index) {
    if (index < 16) return static_cast<double>(index);
    const std::size_t shift = index / 16 - 1;
    return static_cast<double>((uint64_t{16} + index % 16 + 1) << shift);
  }

  std::array<uint64_t, 61 * 16> buckets_{};
  uint64_t max_ns_ = 0;
  std::vector<uint64_t> windows_;
};

}  // namespace kvbench
