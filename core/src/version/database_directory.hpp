// The outer shape of a database directory: making one, telling one from a stranger's, and the
// switch of CURRENT.
//
// Threads:   one; the caller holds the directory's lock (but for prepare_directory()).
// Errors:    CONFLICT (files that are not ours), CORRUPTION (CURRENT), IO_ERROR, NO_SPACE.
#pragma once

#include <cstdint>
#include <string>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// Makes the directory and its missing parents, durably.
Status prepare_directory(FileSystem& files, const std::string& directory);

// OK when a new database may be made in `directory`, which has no CURRENT: nothing in it but what a
// creation that was cut short leaves behind.
Status check_fit_for_creation(FileSystem& files, const std::string& directory);

// Makes the subdirectories, durably; present ones are fine.
Status make_subdirectories(FileSystem& files, const std::string& directory);

// The number of the MANIFEST that CURRENT names.
Result<uint64_t> read_current(FileSystem& files, const std::string& directory);
// Makes CURRENT name MANIFEST-`number`, which is durable but for its name. After an error either
// may be current.
Status switch_current(FileSystem& files, const std::string& directory, uint64_t number);

}  // namespace kvhost::engine
