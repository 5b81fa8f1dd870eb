#include "base/arena.hpp"

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

Arena::Arena(std::size_t block_size, std::shared_ptr<ArenaBlocks> recycled)
    : block_size_(std::max(block_size, kFirstBlock)),
      recycled_(std::move(recycled)),
      next_block_size_(kFirstBlock) {}

Arena::~Arena() {
  for (const Block& block : blocks_) {
    if (block.is_recyclable) {
      recycled_->give(block.memory);
    } else {
      std::free(block.memory);
    }
  }
}

char* Arena::add_block(std::size_t bytes) {
  const bool huge = bytes >= kHugePage;
  const std::size_t size = round_up(bytes, huge ? kHugePage : kPage);
  const bool is_recyclable = recycled_ != nullptr && size == kHugePage;
  // Room first, so that no block is lost when there is none.
  blocks_.push_back({nullptr, false});
  char* const memory = is_recyclable ? recycled_->take()
                       : huge        ? allocate_huge(size)
                                     : static_cast<char*>(std::aligned_alloc(kPage, size));
  KVHOST_ASSERT(memory != nullptr, "out of memory for an arena block");
  blocks_.back() = {memory, is_recyclable};
  reserved_.fetch_add(size, std::memory_order_relaxed);
  return memory;
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
