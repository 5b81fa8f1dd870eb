#include "cache/cache_frames.hpp"

#include <algorithm>
#include <utility>

namespace kvhost::engine {

namespace {

// The header, heads, tags and numbers of an ordinary block: the reader's search would fetch these
// lines one after the other, and only after the frame's.
void prefetch_front(const char* block) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kLines = 8;
  for (std::size_t line = 0; line < kLines; ++line) __builtin_prefetch(block + line * kLine);
}

}  // namespace

void CacheFrames::prefetch(const CacheSlot& slot) {
  const CacheFrame* frame = slot.frame.load(std::memory_order_relaxed);
  if (frame == nullptr) return;
  // A frame is never freed.
  __builtin_prefetch(frame, /*rw=*/1);
  prefetch_front(slot.bytes.load(std::memory_order_relaxed));
}

PinnedBlock CacheFrames::try_pin(CacheSlot& slot) {
  CacheFrame* frame = slot.frame.load(std::memory_order_acquire);
  if (frame == nullptr) return {};
  prefetch_front(slot.bytes.load(std::memory_order_relaxed));
  const uint32_t before = frame->pins.fetch_add(1, std::memory_order_acq_rel);
  const bool taken =
      (before & CacheFrame::kEvicting) == 0 && slot.frame.load(std::memory_order_acquire) == frame;
  if (!taken) {
    frame->pins.fetch_sub(1, std::memory_order_release);
    return {};
  }
  if (!frame->referenced.load(std::memory_order_relaxed)) {
    frame->referenced.store(true, std::memory_order_relaxed);
  }
  return {frame, frame->block.view()};
}

PinnedBlock CacheFrames::insert(CacheSlot& slot, BlockBuffer block) {
  const uint64_t size = block.size();
  MutexLock lock(mutex_);
  // Nothing is evicted while the mutex is held, so a block that is here can be pinned.
  if (PinnedBlock present = try_pin(slot)) return present;
  fit(size);
  if (bytes_ + size > allowance()) return PinnedBlock(std::move(block));
  if (empty_.empty()) empty_.push_back(&frames_.emplace_back());
  CacheFrame* frame = empty_.back();
  empty_.pop_back();
  frame->block = std::move(block);
  frame->slot = &slot;
  frame->referenced.store(false, std::memory_order_relaxed);
  // From empty to held once; late readers of the frame's former block may have counts in it.
  frame->pins.fetch_sub(CacheFrame::kEvicting - 1, std::memory_order_acq_rel);
  bytes_ += size;
  ++insertions_;
  if (budget_ != nullptr) budget_->charge(MemoryCategory::kBlockCache, size);
  slot.bytes.store(frame->block.data(), std::memory_order_relaxed);
  slot.frame.store(frame, std::memory_order_release);
  return {frame, frame->block.view()};
}

void CacheFrames::abandon(CacheSlot* slots, std::size_t count) {
  MutexLock lock(mutex_);
  for (std::size_t i = 0; i < count; ++i) {
    CacheFrame* frame = slots[i].frame.load(std::memory_order_relaxed);
    if (frame == nullptr) continue;
    if (!try_evict(*frame)) frame->slot = nullptr;
  }
}

void CacheFrames::set_capacity(uint64_t capacity) {
  MutexLock lock(mutex_);
  capacity_ = capacity;
  fit(0);
}

void CacheFrames::shrink() {
  MutexLock lock(mutex_);
  fit(0);
}

void CacheFrames::clear() {
  MutexLock lock(mutex_);
  for (CacheFrame& frame : frames_) try_evict(frame);
}

BlockCacheStats CacheFrames::stats() const {
  BlockCacheStats stats;
  for (const Stripe& stripe : stripes_) {
    stats.hits += stripe.hits.load(std::memory_order_relaxed);
    stats.misses += stripe.misses.load(std::memory_order_relaxed);
  }
  MutexLock lock(mutex_);
  stats.insertions = insertions_;
  stats.evictions = evictions_;
  stats.bytes = bytes_;
  stats.capacity = allowance();
  for (const CacheFrame& frame : frames_) {
    const uint32_t pins = frame.pins.load(std::memory_order_relaxed);
    if ((pins & CacheFrame::kEvicting) == 0 && pins > 0) stats.pinned_bytes += frame.block.size();
  }
  return stats;
}

void CacheFrames::count_lookup(bool hit) {
  static std::atomic<uint32_t> threads{0};
  thread_local const uint32_t stripe_of_thread = threads.fetch_add(1, std::memory_order_relaxed);
  Stripe& stripe = stripes_[stripe_of_thread % stripes_.size()];
  (hit ? stripe.hits : stripe.misses).fetch_add(1, std::memory_order_relaxed);
}

uint64_t CacheFrames::allowance() const {
  return budget_ == nullptr ? capacity_ : std::min(capacity_, budget_->cache_allowance());
}

bool CacheFrames::try_evict(CacheFrame& frame) {
  uint32_t none = 0;
  if (!frame.pins.compare_exchange_strong(none, CacheFrame::kEvicting, std::memory_order_acq_rel)) {
    return false;
  }
  if (frame.slot != nullptr) frame.slot->frame.store(nullptr, std::memory_order_release);
  frame.slot = nullptr;
  const uint64_t size = frame.block.size();
  frame.block = BlockBuffer();
  bytes_ -= size;
  ++evictions_;
  if (budget_ != nullptr) budget_->release(MemoryCategory::kBlockCache, size);
  empty_.push_back(&frame);
  return true;
}

// Two rounds of the hand: the first may only clear marks.
bool CacheFrames::evict_one() {
  for (std::size_t steps = 2 * frames_.size(); steps > 0; --steps) {
    CacheFrame& frame = frames_[hand_];
    hand_ = hand_ + 1 == frames_.size() ? 0 : hand_ + 1;
    const bool spared =
        frame.slot != nullptr && frame.referenced.exchange(false, std::memory_order_relaxed);
    if (!spared && try_evict(frame)) return true;
  }
  return false;
}

void CacheFrames::fit(uint64_t incoming) {
  // A block that could never fit must not empty the cache.
  if (incoming > allowance()) return;
  while (bytes_ + incoming > allowance() && evict_one()) {
  }
}

}  // namespace kvhost::engine
