// The frames behind the block cache: who holds a block, which block goes next.
//
// A frame is pinned by adding to its count and then looking again whether the slot still leads to
// it. The evictor turns a count of exactly zero into kEvicting, in one step, before it touches
// anything else; so a reader that pinned in time keeps the block, and one that came late sees the
// mark or an emptied slot and goes away. Frames are reused but never freed, so a late reader always
// finds a count to give back.
//
// Threads:   try_pin() any, without locks; everything else takes the mutex.
// Lifetime:  outlives every FileCache and PinnedBlock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/mutex.hpp"
#include "cache/block_cache.hpp"
#include "cache/memory_budget.hpp"

namespace kvhost::engine {

struct alignas(64) CacheFrame {
  static constexpr uint32_t kEvicting = 0x80000000u;

  // Readers that hold the block; kEvicting while the frame is empty.
  std::atomic<uint32_t> pins{kEvicting};
  // Touched since the hand came by.
  std::atomic<bool> referenced{false};
  // The slot that leads here; null when the frame is empty or its file is gone. Under the mutex.
  CacheSlot* slot = nullptr;
  BlockBuffer block;
};

class CacheFrames {
 public:
  CacheFrames(uint64_t capacity, MemoryBudget* budget) : budget_(budget), capacity_(capacity) {}

  // Brings near what try_pin() and a search of the block will touch.
  static void prefetch(const CacheSlot& slot);
  // The block that the slot leads to; empty when there is none.
  PinnedBlock try_pin(CacheSlot& slot);
  PinnedBlock insert(CacheSlot& slot, BlockBuffer block) KVHOST_EXCLUDES(mutex_);
  // Takes the blocks of a file that goes; those that readers hold leave when they are let go.
  void abandon(CacheSlot* slots, std::size_t count) KVHOST_EXCLUDES(mutex_);

  void set_capacity(uint64_t capacity) KVHOST_EXCLUDES(mutex_);
  void shrink() KVHOST_EXCLUDES(mutex_);
  void clear() KVHOST_EXCLUDES(mutex_);
  BlockCacheStats stats() const KVHOST_EXCLUDES(mutex_);
  void count_lookup(bool hit);

 private:
  // Counted apart per thread, as far as stripes go, so that hits do not share a cache line.
  struct alignas(64) Stripe {
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> misses{0};
  };

  uint64_t allowance() const KVHOST_REQUIRES(mutex_);
  bool try_evict(CacheFrame& frame) KVHOST_REQUIRES(mutex_);
  bool evict_one() KVHOST_REQUIRES(mutex_);
  void fit(uint64_t incoming) KVHOST_REQUIRES(mutex_);

  MemoryBudget* const budget_;
  mutable Mutex mutex_;
  uint64_t capacity_ KVHOST_GUARDED_BY(mutex_);
  uint64_t bytes_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint64_t insertions_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint64_t evictions_ KVHOST_GUARDED_BY(mutex_) = 0;
  std::deque<CacheFrame> frames_ KVHOST_GUARDED_BY(mutex_);
  std::vector<CacheFrame*> empty_ KVHOST_GUARDED_BY(mutex_);
  std::size_t hand_ KVHOST_GUARDED_BY(mutex_) = 0;
  std::array<Stripe, 8> stripes_;
};

}  // namespace kvhost::engine
