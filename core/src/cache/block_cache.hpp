// Keeps blocks of open files in memory, up to a number of bytes. Each file has an array with one
// slot per block (the translation array), so a hit is an array access and a pin, no hash and no
// lock. What goes is decided by a CLOCK over all frames.
//
// Threads:   any; hits take no lock, inserts and evictions take one.
// Lifetime:  the cache outlives its FileCaches and every PinnedBlock. A PinnedBlock keeps its bytes
//            for as long as it lives, its file's FileCache and eviction notwithstanding.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "cache/memory_budget.hpp"

namespace kvhost::engine {

class CacheFrames;
struct CacheFrame;

// The bytes of one block, aligned to 64; owned by this object alone until a cache takes them.
class BlockBuffer {
 public:
  BlockBuffer() = default;
  explicit BlockBuffer(std::size_t size);
  ~BlockBuffer();
  BlockBuffer(BlockBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        is_cut_(other.is_cut_) {}
  BlockBuffer& operator=(BlockBuffer&& other) noexcept {
    BlockBuffer taken(std::move(other));
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    std::swap(is_cut_, taken.is_cut_);
    return *this;
  }

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  // Without giving memory back.
  void shrink_size(std::size_t size) { size_ = size; }
  std::string_view view() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  // Of BlockMemory.
  bool is_cut_ = false;
};

// A block that stays where it is for as long as this object lives: in the cache, or its own.
class PinnedBlock {
 public:
  PinnedBlock() = default;
  explicit PinnedBlock(BlockBuffer own) : own_(std::move(own)), view_(own_.view()) {}
  ~PinnedBlock() { reset(); }
  PinnedBlock(PinnedBlock&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)),
        own_(std::move(other.own_)),
        view_(std::exchange(other.view_, {})) {}
  PinnedBlock& operator=(PinnedBlock&& other) noexcept {
    if (this == &other) return *this;
    reset();
    frame_ = std::exchange(other.frame_, nullptr);
    own_ = std::move(other.own_);
    view_ = std::exchange(other.view_, {});
    return *this;
  }

  explicit operator bool() const { return view_.data() != nullptr; }
  std::string_view view() const { return view_; }
  // Lets the block go.
  void reset();

 private:
  friend class CacheFrames;
  PinnedBlock(CacheFrame* frame, std::string_view view) : frame_(frame), view_(view) {}

  CacheFrame* frame_ = nullptr;
  BlockBuffer own_;
  std::string_view view_;
};

// Where a file's block is in the cache: one entry of the translation array.
struct CacheSlot {
  // Null: not in the cache.
  std::atomic<CacheFrame*> frame{nullptr};
  // The block's first byte, only to be prefetched: it may be stale.
  std::atomic<const char*> bytes{nullptr};
};

// The slots of one file. Made by BlockCache::attach(); destroyed, it gives its blocks back.
class FileCache {
 public:
  FileCache(CacheFrames& frames, std::size_t block_count, MemoryBudget* budget);
  ~FileCache();
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;

  std::size_t block_count() const { return block_count_; }
  // Bring near what get() and a search of the block will touch: the slot first, then, when that has
  // had time to arrive, what it leads to. Require block_index < block_count().
  void prefetch_slot(std::size_t block_index) const { __builtin_prefetch(&slots_[block_index]); }
  void prefetch_block(std::size_t block_index) const;
  // The block, pinned; empty when it is not here. Requires block_index < block_count().
  PinnedBlock get(std::size_t block_index);
  // Hands the block to the cache and pins it. When another thread was faster its block is returned;
  // when everything else is pinned the block stays the caller's own.
  PinnedBlock insert(std::size_t block_index, BlockBuffer block);

 private:
  CacheFrames& frames_;
  std::size_t block_count_;
  std::unique_ptr<CacheSlot[]> slots_;
  BudgetCharge slots_charge_;
};

struct BlockCacheStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t insertions = 0;
  uint64_t evictions = 0;
  uint64_t bytes = 0;
  uint64_t capacity = 0;
  // Of them, what readers hold at this moment.
  uint64_t pinned_bytes = 0;
};

class BlockCache final : public MemoryReclaimer {
 public:
  // With a budget the cache keeps to the lower of its capacity and the budget's allowance.
  explicit BlockCache(uint64_t capacity_bytes, MemoryBudget* budget = nullptr);
  ~BlockCache() override;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  std::shared_ptr<FileCache> attach(std::size_t block_count);

  BlockCacheStats stats() const;
  void set_capacity(uint64_t capacity_bytes);
  // Evicts every block that nobody holds.
  void clear();
  void reclaim() override;

 private:
  MemoryBudget* const budget_;
  std::unique_ptr<CacheFrames> frames_;
};

}  // namespace kvhost::engine
