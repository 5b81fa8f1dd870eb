// Blocks of one huge page that arenas have given back, kept for the next arena: a page that is
// fresh from the system is cleared first, which would cost a write more than its index search.
//
// Threads:   any.
// Lifetime:  shared by its arenas.
// Errors:    running out of memory ends the process, as with every other allocation.
#pragma once

#include <cstddef>
#include <vector>

#include "base/mutex.hpp"

namespace kvhost::engine {

class ArenaBlocks {
 public:
  static constexpr std::size_t kBlock = std::size_t{2} << 20;

  // Keeps at most `max_bytes`.
  explicit ArenaBlocks(std::size_t max_bytes) : max_blocks_(max_bytes / kBlock) {}
  ~ArenaBlocks();
  ArenaBlocks(const ArenaBlocks&) = delete;
  ArenaBlocks& operator=(const ArenaBlocks&) = delete;

  // A block of kBlock bytes, aligned to as many; what it holds does not matter.
  char* take();
  void give(char* block);

  std::size_t kept() const;
  std::size_t max_bytes() const { return max_blocks_ * kBlock; }

 private:
  const std::size_t max_blocks_;
  mutable Mutex mutex_;
  std::vector<char*> blocks_ KVHOST_GUARDED_BY(mutex_);
};

// `bytes` from the system, in huge pages where it has them; std::free() gives them back.
char* allocate_huge(std::size_t bytes);

}  // namespace kvhost::engine
