#include "base/block_memory.hpp"

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/mutex.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kHuge = std::size_t{2} << 20;

struct FreeBlock {
  FreeBlock* next;
};

// One huge page; this stands in its first small one. Lists of chunks that have room.
struct Chunk {
  Chunk* previous = nullptr;
  Chunk* next = nullptr;
  FreeBlock* free = nullptr;
  std::size_t class_index = 0;
  std::size_t used = 0;   // blocks
  std::size_t fresh = 0;  // bytes from the beginning that were handed out once
};

// Blocks of one size.
class SizeClass {
 public:
  char* take(std::size_t index) {
    const std::size_t bytes = (index + 1) * BlockMemory::kPage;
    MutexLock lock(mutex_);
    if (with_room_ == nullptr && !add_chunk(index)) return nullptr;
    Chunk* const chunk = with_room_;
    ++chunk->used;
    char* block = reinterpret_cast<char*>(chunk->free);
    if (block != nullptr) {
      chunk->free = chunk->free->next;
    } else {
      block = reinterpret_cast<char*>(chunk) + chunk->fresh;
      chunk->fresh += bytes;
    }
    if (!has_room(*chunk)) unlink(chunk);
    return block;
  }

  void give(Chunk* chunk, char* memory) {
    MutexLock lock(mutex_);
    if (!has_room(*chunk)) link(chunk);
    chunk->free = std::construct_at(reinterpret_cast<FreeBlock*>(memory), FreeBlock{chunk->free});
    // One empty chunk is kept, so that a block that comes and goes does not cost a huge page.
    if (--chunk->used > 0 || (chunk->previous == nullptr && chunk->next == nullptr)) return;
    unlink(chunk);
    lock.unlock();
    std::free(chunk);
  }

 private:
  static bool has_room(const Chunk& chunk) {
    const std::size_t bytes = (chunk.class_index + 1) * BlockMemory::kPage;
    return chunk.free != nullptr || chunk.fresh + bytes <= kHuge;
  }
  bool add_chunk(std::size_t index) KVHOST_REQUIRES(mutex_) {
    void* const memory = std::aligned_alloc(kHuge, kHuge);
    if (memory == nullptr) return false;
    // A hint: without huge pages this works all the same.
    ::madvise(memory, kHuge, MADV_HUGEPAGE);
    auto* const chunk = std::construct_at(static_cast<Chunk*>(memory));
    chunk->class_index = index;
    chunk->fresh = BlockMemory::kPage;
    link(chunk);
    return true;
  }
  void link(Chunk* chunk) KVHOST_REQUIRES(mutex_) {
    chunk->previous = nullptr;
    chunk->next = with_room_;
    if (with_room_ != nullptr) with_room_->previous = chunk;
    with_room_ = chunk;
  }
  void unlink(Chunk* chunk) KVHOST_REQUIRES(mutex_) {
    (chunk->previous != nullptr ? chunk->previous->next : with_room_) = chunk->next;
    if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
    chunk->previous = chunk->next = nullptr;
  }

  Mutex mutex_;
  Chunk* with_room_ KVHOST_GUARDED_BY(mutex_) = nullptr;
};

// Never destroyed: blocks may be given back until the very end.
std::array<SizeClass, BlockMemory::kMaxPages>& classes() {
  static auto* const all =
      std::make_unique<std::array<SizeClass, BlockMemory::kMaxPages>>().release();
  return *all;
}

}  // namespace

char* BlockMemory::take(std::size_t bytes) {
  const std::size_t index = (bytes - 1) / kPage;
  return classes()[index].take(index);
}

void BlockMemory::give(char* memory) {
  auto* const chunk = reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(memory) & ~(kHuge - 1));
  classes()[chunk->class_index].give(chunk, memory);
}

}  // namespace kvhost::engine
