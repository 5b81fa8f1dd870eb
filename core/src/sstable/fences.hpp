// The fences of a table: which data block a key is in, and where that block lies. Between two
// blocks stands the shortest key that parts them: above the last key of the one, not above the
// first of the other. When the versions of one key run from a block into the next, that key itself
// stands there, marked.
//
// Threads:   Fences is immutable; FenceBuilder one.
// Lifetime:  both own their bytes.
// Errors:    CORRUPTION from Fences::load().
// Format:    docs/formats/sstable.md, "Fences"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"
#include "sstable/block_envelope.hpp"

namespace kvhost::engine {

class FenceBuilder {
 public:
  // The blocks in order. `stored_bytes` is the block's size in the file.
  void add_block(std::string_view first_key, std::string_view last_key, uint64_t stored_bytes);
  std::size_t blocks() const { return blocks_; }
  // Bytes that finish() will yield, within a few.
  std::size_t block_bytes() const { return bytes_.size() + 16; }
  std::string finish(uint64_t first_offset) const;

 private:
  std::string bytes_;
  std::string last_key_;
  std::string last_fence_;
  std::size_t blocks_ = 0;
};

class Fences {
 public:
  Fences() = default;
  // `data_end` is where the last data block must end.
  static Result<Fences> load(std::string_view bytes, uint64_t data_end, uint64_t block_offset,
                             const std::string& path);

  std::size_t blocks() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  BlockHandle handle(std::size_t block) const {
    return {offsets_[block], offsets_[block + 1] - offsets_[block]};
  }
  uint64_t data_begin() const { return offsets_.empty() ? 0 : offsets_.front(); }
  // The one block that `key` can begin in. Requires a block.
  std::size_t find(std::string_view key) const;
  // True when versions of one key end `block - 1` and begin `block`.
  bool continues(std::size_t block) const { return block > 0 && continues_[block - 1]; }
  // What stands before `block`: every key from there on is at or above it. Empty before the first.
  std::string fence(std::size_t block) const;
  std::size_t memory_bytes() const;

 private:
  int compare(std::size_t fence, std::string_view suffix) const;
  std::string_view suffix(std::size_t fence) const {
    const std::size_t begin = fence == 0 ? 0 : suffix_ends_[fence - 1];
    return std::string_view(suffixes_).substr(begin, suffix_ends_[fence] - begin);
  }

  std::vector<uint64_t> offsets_;
  // Of fence i, which stands before block i + 1; what all fences share is cut off.
  std::string prefix_;
  std::vector<uint64_t> heads_;
  std::vector<uint32_t> suffix_ends_;
  std::string suffixes_;
  std::vector<bool> continues_;
};

}  // namespace kvhost::engine
