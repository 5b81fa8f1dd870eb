// Memory that is handed out piece by piece and freed all at once, as a memtable needs it.
//
// Threads:   one writer at a time calls allocate() and copy(); bytes_used() and bytes_reserved()
//            may be read by any thread. Readers of the pieces need their own order with the writer.
// Lifetime:  every piece lives until the arena is destroyed.
// Errors:    running out of memory ends the process, as with every other allocation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena_blocks.hpp"

namespace kvhost::engine {

class Arena {
 public:
  static constexpr std::size_t kHugePage = ArenaBlocks::kBlock;

  // Blocks grow from 4 KiB up to `block_size`; blocks of 2 MiB and more ask for huge pages. Those
  // of 2 MiB come from `recycled` and go back there; null: from the system.
  explicit Arena(std::size_t block_size = kHugePage,
                 std::shared_ptr<ArenaBlocks> recycled = nullptr);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // `alignment` is a power of two of at most 4096. Zero bytes may yield nullptr.
  char* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    const auto at = (reinterpret_cast<uintptr_t>(next_) + alignment - 1) & ~(alignment - 1);
    if (at + bytes > reinterpret_cast<uintptr_t>(end_)) [[unlikely]] {
      return allocate_slow(bytes, alignment);
    }
    used_.fetch_add(at + bytes - reinterpret_cast<uintptr_t>(next_), std::memory_order_relaxed);
    next_ = reinterpret_cast<char*>(at + bytes);
    return reinterpret_cast<char*>(at);
  }
  std::string_view copy(std::string_view bytes);

  // Bytes handed out, padding included.
  std::size_t bytes_used() const { return used_.load(std::memory_order_relaxed); }
  // Bytes taken from the system.
  std::size_t bytes_reserved() const { return reserved_.load(std::memory_order_relaxed); }

 private:
  struct Block {
    char* memory;
    bool is_recyclable;
  };

  char* allocate_slow(std::size_t bytes, std::size_t alignment);
  char* add_block(std::size_t bytes);

  const std::size_t block_size_;
  const std::shared_ptr<ArenaBlocks> recycled_;
  std::size_t next_block_size_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::vector<Block> blocks_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> reserved_{0};
};

}  // namespace kvhost::engine
