// Memory for cached blocks, cut from huge pages: a block that is looked for at random then costs
// one miss of memory, not a second one for its page's address. Sizes are whole pages of 4 KiB; what
// is smaller or larger comes from the allocator of the process.
//
// Threads:   any; a short lock per size.
// Errors:    take() returns null when memory has run out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvhost::engine {

class BlockMemory {
 public:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kMaxPages = 8;

  // True for sizes that are worth cutting. A sanitizer watches blocks one by one instead.
  static constexpr bool suits(std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    return bytes == SIZE_MAX;
#else
    return bytes > kPage / 2 && bytes <= kPage * kMaxPages;
#endif
  }

  // At least `bytes`, aligned to a page. Requires suits(bytes).
  static char* take(std::size_t bytes);
  static void give(char* memory);
};

}  // namespace kvhost::engine
