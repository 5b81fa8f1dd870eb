// The checksum of a whole file.
//
// Threads:   any.
// Errors:    those of the FileSystem; IO_ERROR for a file shorter than `bytes`.
#pragma once

#include <cstdint>
#include <string>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

// XXH3-64 of the first `bytes` bytes of the file at `path`.
Result<uint64_t> file_checksum(FileSystem& files, const std::string& path, uint64_t bytes);

}  // namespace kvhost::engine
