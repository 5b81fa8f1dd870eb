// Runs by their size: the two questions that tiered policies ask.
//
// Threads:   pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kvhost/compaction.hpp"
#include "kvhost/policy/plan_builder.hpp"

namespace kvhost::policy {

// Runs [first, end) of a tree, newest first.
struct Stretch {
  std::size_t first = 0;
  std::size_t end = 0;

  std::size_t runs() const { return end - first; }
};

// The newest stretch of at least `width` idle runs of [first, end) of which each is at most
// `ratio_percent` larger than the largest newer one (what is below a memtable counts as one). Empty
// when there is none.
//
// Source:    the size ratio of RocksDB's universal compaction, which compares with the sum of the
//            newer ones; by the largest, runs of different tiers stay apart.
inline Stretch like_sized(const PlanBuilder& plan, Stretch among, std::size_t width,
                          uint32_t ratio_percent) {
  const auto runs = plan.tree().runs;
  for (std::size_t first = among.first; first + width <= among.end; ++first) {
    uint64_t largest = plan.tree().memtable_bytes;
    std::size_t end = first;
    for (; end < among.end && plan.is_idle(end); ++end) {
      if (runs[end].bytes > largest + largest / 100 * ratio_percent && end > first) break;
      largest = std::max(largest, runs[end].bytes);
    }
    if (end - first >= width) return {first, end};
  }
  return {};
}

// Of all stretches of `width` idle runs of [first, end): the one with the fewest bytes.
inline Stretch cheapest(const PlanBuilder& plan, Stretch among, std::size_t width) {
  Stretch best;
  uint64_t best_bytes = UINT64_MAX;
  for (std::size_t first = among.first; first + width <= among.end; ++first) {
    uint64_t bytes = 0;
    bool idle = true;
    for (std::size_t run = first; run < first + width; ++run) {
      bytes += plan.tree().runs[run].bytes;
      idle = idle && plan.is_idle(run);
    }
    if (idle && bytes < best_bytes) {
      best = {first, first + width};
      best_bytes = bytes;
    }
  }
  return best;
}

// The tier that `bytes` belong to: how often a memtable has to be multiplied by `fanout` to reach
// them.
inline uint32_t tier_of(uint64_t bytes, uint64_t memtable_bytes, uint32_t fanout) {
  uint32_t tier = 0;
  for (uint64_t size = std::max<uint64_t>(memtable_bytes, 1); size < bytes && tier < 40; ++tier) {
    size = size > UINT64_MAX / fanout ? UINT64_MAX : size * fanout;
  }
  return tier;
}

}  // namespace kvhost::policy
