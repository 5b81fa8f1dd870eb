// All that a plugin file tells without any of its code being run: the manifest, the libraries that
// it needs, the names that it exports.
//
// Threads:   any; pure but for reading files.
// Errors:    those of plugin_manifest.hpp.
#pragma once

#include <string>
#include <vector>

#include "kvhost/host/plugin_manifest.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

struct NeededLibrary {
  std::string name;  // "libz.so.1"
  std::string path;  // where the dynamic loader would find it; empty: nowhere
};

struct PluginFile {
  PluginManifest manifest;
  bool is_stripped = false;
  std::vector<NeededLibrary> needed;
  std::vector<std::string> searched;  // the directories where libraries are looked for
  std::vector<std::string> exports;
};

Result<PluginFile> read_plugin_file(const std::string& path);

// OK, or FORBIDDEN when somebody else than root and this user could have written the file: it is
// world-writable, lies in a world-writable directory, or belongs to a third user.
Status check_plugin_file(const std::string& path);

// OK, or which library that the file needs is not there, and where it was looked for.
Status check_needed_libraries(const PluginFile& file);

}  // namespace kvhost::host
