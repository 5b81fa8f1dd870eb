#include "store/store_counters.hpp"

#include <bit>

namespace kvhost::host {

std::string_view request_kind_name(RequestKind kind) {
  static constexpr std::array<std::string_view, kRequestKinds> kNames = {
      "get",       "multi_get", "put",  "delete",   "delete_range",
      "increment", "batch",     "scan", "snapshot", "command"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view operation_kind_name(OperationKind kind) {
  static constexpr std::array<std::string_view, kOperationKinds> kNames = {
      "get", "put", "delete", "delete_range", "increment", "scan"};
  return kNames[static_cast<std::size_t>(kind)];
}

StoreCounters::Shard& StoreCounters::mine() {
  static std::atomic<std::size_t> next_thread{0};
  thread_local const std::size_t shard =
      next_thread.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shards_[shard];
}

void StoreCounters::request_done(RequestKind kind, int32_t status, uint64_t duration_ns) {
  Shard& shard = mine();
  const auto row = static_cast<std::size_t>(kind);
  const auto code = static_cast<std::size_t>(status);
  const std::size_t column = code < kStatusCodes ? code : std::size_t{KVH_INTERNAL};
  shard.requests[row][column].fetch_add(1, std::memory_order_relaxed);
  // Bucket i holds durations up to 10 µs × 2^i.
  const uint64_t tens_of_us = (duration_ns + 9'999) / 10'000;
  std::size_t bucket =
      tens_of_us <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(tens_of_us - 1));
  if (bucket >= engine::DurationHistogram::kBuckets) {
    bucket = engine::DurationHistogram::kBuckets - 1;
  }
  shard.buckets[row][bucket].fetch_add(1, std::memory_order_relaxed);
  shard.sum_ns[row].fetch_add(duration_ns, std::memory_order_relaxed);
}

void StoreCounters::operations(OperationKind kind, uint64_t count) {
  mine().operations[static_cast<std::size_t>(kind)].fetch_add(count, std::memory_order_relaxed);
}

uint64_t StoreCounters::requests(RequestKind kind, std::size_t status) const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    sum += shard.requests[static_cast<std::size_t>(kind)][status].load(std::memory_order_relaxed);
  }
  return sum;
}

uint64_t StoreCounters::operations(OperationKind kind) const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    sum += shard.operations[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
  return sum;
}

engine::DurationHistogram StoreCounters::durations(RequestKind kind) const {
  engine::DurationHistogram histogram;
  const auto row = static_cast<std::size_t>(kind);
  for (const Shard& shard : shards_) {
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
      const uint64_t count = shard.buckets[row][i].load(std::memory_order_relaxed);
      histogram.counts[i] += count;
      histogram.count += count;
    }
    histogram.sum_ns += shard.sum_ns[row].load(std::memory_order_relaxed);
  }
  return histogram;
}

}  // namespace kvhost::host
