#include "base/arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/assert.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kFirstBlock = 4096;
constexpr std::size_t kPage = 4096;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

void Arena::Free::operator()(char* block) const { std::free(block); }

Arena::Arena(std::size_t block_size)
    : block_size_(std::max(block_size, kFirstBlock)), next_block_size_(kFirstBlock) {}

Arena::~Arena() = default;

char* Arena::add_block(std::size_t bytes) {
  const bool huge = bytes >= kHugePage;
  const std::size_t size = round_up(bytes, huge ? kHugePage : kPage);
  auto* const block = static_cast<char*>(std::aligned_alloc(huge ? kHugePage : kPage, size));
  KVHOST_ASSERT(block != nullptr, "out of memory for an arena block");
  // A hint: without huge pages the arena works all the same.
  if (huge) ::madvise(block, size, MADV_HUGEPAGE);
  blocks_.emplace_back(block);
  reserved_.fetch_add(size, std::memory_order_relaxed);
  return block;
}

char* Arena::allocate_slow(std::size_t bytes, std::size_t alignment) {
  KVHOST_ASSERT(alignment <= kPage && (alignment & (alignment - 1)) == 0,
                "an alignment is a power of two of at most a page");
  // A big piece gets a block of its own, so that the rest of the current one is not wasted.
  if (bytes > block_size_ / 4) {
    used_.fetch_add(bytes, std::memory_order_relaxed);
    return add_block(bytes);
  }
  std::size_t size = std::max(next_block_size_, round_up(bytes, kPage));
  next_block_size_ = std::min(next_block_size_ * 2, block_size_);
  size = round_up(size, size >= kHugePage ? kHugePage : kPage);
  next_ = add_block(size);
  end_ = next_ + size;
  used_.fetch_add(bytes, std::memory_order_relaxed);
  char* const piece = next_;
  next_ += bytes;
  return piece;
}

std::string_view Arena::copy(std::string_view bytes) {
  char* const to = allocate(bytes.size(), 1);
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return {to, bytes.size()};
}

}  // namespace kvhost::engine
