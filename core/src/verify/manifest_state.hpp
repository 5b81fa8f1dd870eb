// The tree and the numbers that a MANIFEST stands for, read without opening the database.
//
// Threads:   any.
// Errors:    IO_ERROR. Damage is kept beside what could be read before it.
#pragma once

#include <cstdint>
#include <string>

#include "kvhost/engine/file_system.hpp"
#include "version/version.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {

struct ManifestState {
  // Empty when CURRENT does not tell.
  std::string path;
  uint64_t records = 0;
  // As of the last good record.
  VersionPtr version = std::make_shared<Version>();
  VersionState state;
  // OK, or why the rest (or all of it) cannot be read: the file that is damaged, and how.
  std::string damaged_file;
  Status damage;
};

// OK when `directory` holds a database or what is left of one; INVALID_ARGUMENT otherwise.
Status check_is_database(FileSystem& files, const std::string& directory);

// Of the MANIFEST that CURRENT names.
Result<ManifestState> read_manifest_state(FileSystem& files, const std::string& directory);

}  // namespace kvhost::engine
