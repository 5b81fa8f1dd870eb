#include "cache/block_cache.hpp"

#include <cstdlib>
#include <new>

#include "base/assert.hpp"
#include "base/block_memory.hpp"
#include "cache/cache_frames.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kCacheLine = 64;

}  // namespace

BlockBuffer::BlockBuffer(std::size_t size) : size_(size), is_cut_(BlockMemory::suits(size)) {
  if (is_cut_) {
    data_ = BlockMemory::take(size);
    if (data_ == nullptr) throw std::bad_alloc();
    return;
  }
  const std::size_t rounded = (size + kCacheLine - 1) & ~(kCacheLine - 1);
  data_ = static_cast<char*>(std::aligned_alloc(kCacheLine, rounded == 0 ? kCacheLine : rounded));
  if (data_ == nullptr) throw std::bad_alloc();
}

BlockBuffer::~BlockBuffer() {
  if (is_cut_ && data_ != nullptr) {
    BlockMemory::give(data_);
  } else {
    std::free(data_);
  }
}

void PinnedBlock::reset() {
  if (frame_ != nullptr) {
    std::exchange(frame_, nullptr)->pins.fetch_sub(1, std::memory_order_release);
  }
  own_ = BlockBuffer();
  view_ = {};
}

FileCache::FileCache(CacheFrames& frames, std::size_t block_count, MemoryBudget* budget)
    : frames_(frames),
      block_count_(block_count),
      slots_(std::make_unique<CacheSlot[]>(block_count)),
      slots_charge_(budget, MemoryCategory::kFences, block_count * sizeof(CacheSlot)) {}

FileCache::~FileCache() { frames_.abandon(slots_.get(), block_count_); }

void FileCache::prefetch_block(std::size_t block_index) const {
  CacheFrames::prefetch(slots_[block_index]);
}

PinnedBlock FileCache::get(std::size_t block_index) {
  KVHOST_ASSERT(block_index < block_count_, "a block of the cache is out of bounds");
  PinnedBlock block = frames_.try_pin(slots_[block_index]);
  frames_.count_lookup(static_cast<bool>(block));
  return block;
}

PinnedBlock FileCache::insert(std::size_t block_index, BlockBuffer block) {
  KVHOST_ASSERT(block_index < block_count_, "a block of the cache is out of bounds");
  return frames_.insert(slots_[block_index], std::move(block));
}

BlockCache::BlockCache(uint64_t capacity_bytes, MemoryBudget* budget)
    : budget_(budget), frames_(std::make_unique<CacheFrames>(capacity_bytes, budget)) {
  if (budget_ != nullptr) budget_->set_reclaimer(this);
}

BlockCache::~BlockCache() {
  if (budget_ != nullptr) budget_->set_reclaimer(nullptr);
  frames_->clear();
}

std::shared_ptr<FileCache> BlockCache::attach(std::size_t block_count) {
  return std::make_shared<FileCache>(*frames_, block_count, budget_);
}

BlockCacheStats BlockCache::stats() const { return frames_->stats(); }
void BlockCache::set_capacity(uint64_t capacity_bytes) { frames_->set_capacity(capacity_bytes); }
void BlockCache::clear() { frames_->clear(); }
void BlockCache::reclaim() { frames_->shrink(); }

}  // namespace kvhost::engine
