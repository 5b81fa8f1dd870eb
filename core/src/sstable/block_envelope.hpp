// What surrounds the payload of every block of a table: padding, codec, size and a checksum that
// knows which file and offset the block belongs to.
//
// Threads:   functions any; BlockSealer one.
// Errors:    CORRUPTION with path, offset, expected and found.
// Format:    docs/formats/sstable.md, "Block"
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cache/block_cache.hpp"
#include "format/codec.hpp"
#include "format/file_identity.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

enum class BlockKind : uint8_t {
  kData = 1,
  kFilter = 2,
  kRangeTombstones = 3,
  kFences = 4,
  kProperties = 5,
};

std::string_view block_kind_name(BlockKind kind);

// Where a block lies in its file.
struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;  // stored bytes, envelope included

  friend bool operator==(const BlockHandle&, const BlockHandle&) = default;
};

// codec (1), kind (1), zero (2), payload bytes (4), checksum (8).
inline constexpr std::size_t kBlockTrailerBytes = 16;

// What a block's checksum is seeded with: different for every file and every place in it.
uint64_t block_seed(const FileIdentity& identity, uint64_t offset);

// Compresses payloads and puts them into envelopes.
class BlockSealer {
 public:
  BlockSealer(const FileIdentity& identity, int zstd_level);
  ~BlockSealer();
  BlockSealer(const BlockSealer&) = delete;
  BlockSealer& operator=(const BlockSealer&) = delete;

  // The block as it is stored at `offset`. With a codec the payload is stored raw all the same when
  // it does not shrink by an eighth. A raw one is padded with zeros up to `stored_bytes`, when that
  // is more than it needs.
  std::string seal(std::string_view payload, BlockKind kind, Codec codec, uint64_t offset,
                   uint64_t stored_bytes = 0);

 private:
  bool compress(std::string_view payload, Codec codec);

  const FileIdentity identity_;
  const int zstd_level_;
  std::string compressed_;
  struct Zstd;
  std::unique_ptr<Zstd> zstd_;
};

// A block that passed: its payload is a part of the stored bytes, or was decompressed.
struct OpenedBlock {
  // Empty when the payload lies in the stored bytes.
  BlockBuffer decompressed;
  std::string_view payload;
  Codec codec = Codec::kNone;
};

// Checks the envelope and yields the payload. `path` is for messages.
Result<OpenedBlock> open_block(std::string_view stored, BlockKind kind, uint64_t offset,
                               const FileIdentity& identity, const std::string& path);

// A message about damage at a place of a file, in the words that all of them share.
Status table_corruption(const std::string& path, uint64_t offset, const std::string& what);
std::string expected_found(uint64_t expected, uint64_t found);
std::string expected_found_hex(uint64_t expected, uint64_t found);

}  // namespace kvhost::engine
