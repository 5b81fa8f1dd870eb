// Whole files and small directory trees: removing, linking, copying.
//
// Threads:   any, for different paths.
// Errors:    those of the FileSystem.
#pragma once

#include <string>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

// "." and "/" where there is no other.
std::string parent_directory(std::string_view path);

// Removes a directory with all it holds; one that is not there is fine.
Status remove_file_tree(FileSystem& files, const std::string& directory);

// Copies the bytes of `from` to the new file `to` and syncs it; the directory is the caller's.
Status copy_file(FileSystem& files, const std::string& from, const std::string& to);

// A hard link where the file system allows one, else a synced copy.
Status link_or_copy(FileSystem& files, const std::string& from, const std::string& to);

}  // namespace kvhost::engine
