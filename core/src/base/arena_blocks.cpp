#include "base/arena_blocks.hpp"

#include <sys/mman.h>

#include <cstdlib>

#include "base/assert.hpp"

namespace kvhost::engine {

char* allocate_huge(std::size_t bytes) {
  const std::size_t size =
      (bytes + ArenaBlocks::kBlock - 1) / ArenaBlocks::kBlock * ArenaBlocks::kBlock;
  auto* const block = static_cast<char*>(std::aligned_alloc(ArenaBlocks::kBlock, size));
  KVHOST_ASSERT(block != nullptr, "out of memory for an arena block");
  // A hint: without huge pages the arena works all the same.
  ::madvise(block, size, MADV_HUGEPAGE);
  return block;
}

ArenaBlocks::~ArenaBlocks() {
  for (char* const block : blocks_) std::free(block);
}

char* ArenaBlocks::take() {
  {
    MutexLock lock(mutex_);
    if (!blocks_.empty()) {
      char* const block = blocks_.back();
      blocks_.pop_back();
      return block;
    }
  }
  return allocate_huge(kBlock);
}

void ArenaBlocks::give(char* block) {
  {
    MutexLock lock(mutex_);
    if (blocks_.size() < max_blocks_) {
      blocks_.push_back(block);
      return;
    }
  }
  std::free(block);
}

std::size_t ArenaBlocks::kept() const {
  MutexLock lock(mutex_);
  return blocks_.size();
}

}  // namespace kvhost::engine
