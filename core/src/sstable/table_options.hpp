// What a table is written with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/codec.hpp"
#include "format/file_identity.hpp"

namespace kvhost::engine {

struct TableOptions {
  FileIdentity identity;
  Codec codec = Codec::kNone;
  // 1–19; faster to slower.
  int zstd_level = 1;
  // What a block is filled up to. An uncompressed block ends at a multiple of 4 KiB in the file, so
  // it grows beyond this where a record would leave more than an eighth of it empty.
  std::size_t block_bytes = 4096;
  // 0 = no filter.
  uint32_t filter_bits_per_key = 10;
};

}  // namespace kvhost::engine
