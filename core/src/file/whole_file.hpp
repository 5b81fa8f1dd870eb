// Reading and writing small files in one piece.
//
// Threads:   any, for different names.
// Errors:    those of the FileSystem; TOO_LARGE from read_whole_file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

// Makes directory/name hold `bytes`, durably, or leaves what was there: writes name.tmp, syncs it,
// renames it over `name` and syncs the directory. After an error the old or the new bytes are
// there.
Status write_file_atomically(FileSystem& files, const std::string& directory,
                             const std::string& name, std::string_view bytes);

// The file's bytes. A file of more than `max_bytes` is refused before anything is allocated.
Result<std::string> read_whole_file(FileSystem& files, const std::string& path, uint64_t max_bytes);

}  // namespace kvhost::engine
