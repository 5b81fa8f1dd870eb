#include "sstable/block_envelope.hpp"

#include <lz4.h>
#include <zstd.h>

#include <bit>
#include <cstdio>
#include <cstring>

#include "base/assert.hpp"
#include "base/coding.hpp"
#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

// No payload of a builder is larger; what claims more is refused before memory is taken for it.
constexpr uint64_t kMaxPayloadBytes = uint64_t{1} << 31;
// The most that a stored byte can stand for: LZ4 255, Zstandard about 128 KiB per 4 bytes of block.
constexpr uint64_t kMaxLz4Ratio = 255;
constexpr uint64_t kMaxZstdRatio = 1u << 16;

Result<BlockBuffer> decompress(std::string_view stored, Codec codec, uint64_t payload_bytes,
                               uint64_t offset, const std::string& path) {
  const uint64_t ratio = codec == Codec::kLz4 ? kMaxLz4Ratio : kMaxZstdRatio;
  const uint64_t limit = std::min(kMaxPayloadBytes, (stored.size() + 1) * ratio);
  if (payload_bytes > limit) {
    return table_corruption(path, offset,
                            "block claims more bytes than it can hold: at most " +
                                expected_found(limit, payload_bytes));
  }
  BlockBuffer payload(payload_bytes);
  uint64_t made = 0;
  if (codec == Codec::kLz4) {
    const int result =
        LZ4_decompress_safe(stored.data(), payload.data(), static_cast<int>(stored.size()),
                            static_cast<int>(payload_bytes));
    made = result < 0 ? UINT64_MAX : static_cast<uint64_t>(result);
  } else {
    // A context is large; making one for every block would cost more than the block.
    struct Free {
      void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
    const std::size_t result = ZSTD_decompressDCtx(context.get(), payload.data(), payload_bytes,
                                                   stored.data(), stored.size());
    made = ZSTD_isError(result) != 0 ? UINT64_MAX : result;
  }
  if (made != payload_bytes) {
    return table_corruption(path, offset,
                            std::string("block does not decompress as ") +
                                std::string(codec_name(codec)) + " to " +
                                std::to_string(payload_bytes) + " bytes");
  }
  return payload;
}

}  // namespace

uint64_t block_seed(const FileIdentity& identity, uint64_t offset) {
  return (identity.low ^ std::rotl(identity.high, 32)) + offset * 0x9E3779B97F4A7C15u;
}

std::string_view block_kind_name(BlockKind kind) {
  switch (kind) {
    case BlockKind::kData:
      return "data";
    case BlockKind::kFilter:
      return "filter";
    case BlockKind::kRangeTombstones:
      return "range-tombstones";
    case BlockKind::kFences:
      return "fences";
    case BlockKind::kProperties:
      return "properties";
  }
  return "unknown";
}

struct BlockSealer::Zstd {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
};

BlockSealer::BlockSealer(const FileIdentity& identity, int zstd_level)
    : identity_(identity), zstd_level_(zstd_level) {}
BlockSealer::~BlockSealer() = default;

bool BlockSealer::compress(std::string_view payload, Codec codec) {
  const std::size_t worth = payload.size() - payload.size() / 8;
  std::size_t size = 0;
  if (codec == Codec::kLz4) {
    if (payload.size() > LZ4_MAX_INPUT_SIZE) return false;
    compressed_.resize(
        static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(payload.size()))));
    size = static_cast<std::size_t>(LZ4_compress_default(payload.data(), compressed_.data(),
                                                         static_cast<int>(payload.size()),
                                                         static_cast<int>(compressed_.size())));
  } else if (codec == Codec::kZstd) {
    if (zstd_ == nullptr) zstd_ = std::make_unique<Zstd>();
    compressed_.resize(ZSTD_compressBound(payload.size()));
    size = ZSTD_compressCCtx(zstd_->context.get(), compressed_.data(), compressed_.size(),
                             payload.data(), payload.size(), zstd_level_);
    if (ZSTD_isError(size) != 0) return false;
  }
  if (size == 0 || size > worth) return false;
  compressed_.resize(size);
  return true;
}

std::string BlockSealer::seal(std::string_view payload, BlockKind kind, Codec codec,
                              uint64_t offset, uint64_t stored_bytes) {
  KVHOST_ASSERT(payload.size() <= kMaxPayloadBytes, "a block is larger than 2 GiB");
  std::string stored;
  if (codec != Codec::kNone && compress(payload, codec)) {
    stored.reserve(compressed_.size() + kBlockTrailerBytes);
    stored.append(compressed_);
  } else {
    codec = Codec::kNone;
    const uint64_t size = std::max<uint64_t>(stored_bytes, payload.size() + kBlockTrailerBytes);
    stored.reserve(size);
    stored.append(payload);
    stored.resize(size - kBlockTrailerBytes, '\0');
  }
  char trailer[kBlockTrailerBytes] = {};
  trailer[0] = static_cast<char>(codec);
  trailer[1] = static_cast<char>(kind);
  store_fixed32(trailer + 4, static_cast<uint32_t>(payload.size()));
  stored.append(trailer, 8);
  append_fixed64(stored, checksum64(stored, block_seed(identity_, offset)));
  return stored;
}

Result<OpenedBlock> open_block(std::string_view stored, BlockKind kind, uint64_t offset,
                               const FileIdentity& identity, const std::string& path) {
  if (stored.size() < kBlockTrailerBytes) {
    return table_corruption(
        path, offset,
        "block is shorter than its trailer: " + expected_found(kBlockTrailerBytes, stored.size()));
  }
  const std::string_view summed = stored.substr(0, stored.size() - 8);
  const uint64_t found = load_fixed64(summed.data() + summed.size());
  const uint64_t expected = checksum64(summed, block_seed(identity, offset));
  if (expected != found) {
    return table_corruption(
        path, offset,
        std::string(block_kind_name(kind)) + " block of " + std::to_string(stored.size()) +
            " bytes has a wrong checksum: " + expected_found_hex(expected, found));
  }
  const char* trailer = stored.data() + stored.size() - kBlockTrailerBytes;
  if (static_cast<uint8_t>(trailer[1]) != static_cast<uint8_t>(kind)) {
    return table_corruption(path, offset,
                            "block kind: " + expected_found(static_cast<uint8_t>(kind),
                                                            static_cast<uint8_t>(trailer[1])));
  }
  const std::string_view body = stored.substr(0, stored.size() - kBlockTrailerBytes);
  const uint64_t payload_bytes = load_fixed32(trailer + 4);
  OpenedBlock block;
  block.codec = static_cast<Codec>(trailer[0]);
  switch (block.codec) {
    case Codec::kNone:
      if (payload_bytes > body.size()) {
        return table_corruption(
            path, offset, "block payload: at most " + expected_found(body.size(), payload_bytes));
      }
      block.payload = body.substr(0, payload_bytes);
      return block;
    case Codec::kLz4:
    case Codec::kZstd: {
      KVHOST_TRY_ASSIGN(block.decompressed,
                        decompress(body, block.codec, payload_bytes, offset, path));
      block.payload = block.decompressed.view();
      return block;
    }
  }
  return table_corruption(path, offset,
                          "block has codec " + std::to_string(static_cast<uint8_t>(trailer[0])) +
                              ", known are 0 (none), 1 (lz4), 2 (zstd)");
}

Status table_corruption(const std::string& path, uint64_t offset, const std::string& what) {
  return {StatusCode::CORRUPTION, path + ": offset " + std::to_string(offset) + ": " + what};
}

std::string expected_found(uint64_t expected, uint64_t found) {
  return "expected " + std::to_string(expected) + ", found " + std::to_string(found);
}

std::string expected_found_hex(uint64_t expected, uint64_t found) {
  char text[64];
  std::snprintf(text, sizeof text, "expected %016llx, found %016llx",
                static_cast<unsigned long long>(expected), static_cast<unsigned long long>(found));
  return text;
}

}  // namespace kvhost::engine
