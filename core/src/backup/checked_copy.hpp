// Copies of files whose bytes are counted and summed on the way.
//
// Threads:   any, for different files.
// Errors:    those of the file system; CORRUPTION where a file is not the one that a list tells of.
#pragma once

#include <string>

#include "kvhost/engine/backup.hpp"

namespace kvhost::engine {

struct CopiedBytes {
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // checksum64
};

// To a new file, synced; the directory is the caller's.
Result<CopiedBytes> copy_counting(FileSystem& files, const std::string& from,
                                  const std::string& to);
// OK when what was read of `path` is what `listed` says.
Status check_copied(const std::string& path, const BackupFile& listed, const CopiedBytes& found);
// Reads `path` and compares.
Status compare_with(FileSystem& files, const std::string& path, const BackupFile& listed);

}  // namespace kvhost::engine
