#include "engine/statistics_counters.hpp"

namespace kvhost::engine {

namespace {

constexpr uint64_t kFirstBoundNs = 10'000;

std::size_t shard_of_this_thread() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine % StatisticsCounters::kShards;
}

}  // namespace

void SharedHistogram::record(uint64_t duration_ns) {
  std::size_t bucket = 0;
  while (bucket + 1 < counts_.size() && duration_ns > (kFirstBoundNs << bucket)) ++bucket;
  count(counts_[bucket]);
  count(sum_ns_, duration_ns);
}

DurationHistogram SharedHistogram::read() const {
  DurationHistogram result;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    result.counts[i] = counts_[i].load(std::memory_order_relaxed);
    result.count += result.counts[i];
  }
  result.sum_ns = sum_ns_.load(std::memory_order_relaxed);
  return result;
}

ReadCounters& StatisticsCounters::reads() { return read_shards_[shard_of_this_thread()]; }

void StatisticsCounters::add_reads(Statistics& into) const {
  for (const ReadCounters& shard : read_shards_) {
    into.gets += shard.gets.load(std::memory_order_relaxed);
    into.get_hits += shard.get_hits.load(std::memory_order_relaxed);
    into.iterators += shard.iterators.load(std::memory_order_relaxed);
    into.filter_useful += shard.filter_useful.load(std::memory_order_relaxed);
    into.filter_passed += shard.filter_passed.load(std::memory_order_relaxed);
    into.filter_false_positives += shard.filter_false_positives.load(std::memory_order_relaxed);
  }
}

}  // namespace kvhost::engine
