#include "version/database_directory.hpp"

#include <string_view>
#include <vector>

#include "file/whole_file.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {
namespace {

// Longer than any name of a MANIFEST; a longer CURRENT is not ours.
constexpr uint64_t kMaxCurrentBytes = 64;

std::string parent_of(const std::string& path) {
  std::string_view view = path;
  while (view.size() > 1 && view.ends_with('/')) view.remove_suffix(1);
  const std::size_t slash = view.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (slash == 0) return "/";
  return std::string(view.substr(0, slash));
}

Result<bool> is_empty_directory(FileSystem& files, const std::string& path) {
  const Result<std::vector<std::string>> names = files.list(path);
  if (!names) return names.error();
  return names->empty();
}

}  // namespace

Status prepare_directory(FileSystem& files, const std::string& directory) {
  // The parents of what is made now must be synced, or a power cut takes the whole database.
  std::vector<std::string> changed;
  std::string path = directory;
  while (true) {
    KVHOST_TRY_ASSIGN(const bool there, files.exists(path));
    if (there || path == "." || path == "/") break;
    path = parent_of(path);
    changed.push_back(path);
  }
  KVHOST_TRY(files.create_directories(directory));
  for (const std::string& parent : changed) KVHOST_TRY(files.sync_directory(parent));
  return {};
}

Status check_fit_for_creation(FileSystem& files, const std::string& directory) {
  KVHOST_TRY_ASSIGN(const auto names, files.list(directory));
  for (const std::string& name : names) {
    bool is_ours = name == kLockName || name == std::string(kCurrentName) + ".tmp" ||
                   parse_manifest_name(name).has_value();
    if (name == kTablesDirectory || name == kLogDirectory) {
      const std::string path = directory + "/" + name;
      KVHOST_TRY_ASSIGN(is_ours, is_empty_directory(files, path));
    }
    if (!is_ours) {
      return {StatusCode::CONFLICT,
              directory + ": expected a database (a file CURRENT) or an empty directory, found \"" +
                  name +
                  "\" and no CURRENT; choose an empty directory for a new database, or run "
                  "`kvctl repair " +
                  directory + "` if this one has lost its CURRENT"};
    }
  }
  return {};
}

Status make_subdirectories(FileSystem& files, const std::string& directory) {
  KVHOST_TRY(files.create_directories(tables_path(directory)));
  KVHOST_TRY(files.create_directories(log_path(directory)));
  return files.sync_directory(directory);
}

Result<uint64_t> read_current(FileSystem& files, const std::string& directory) {
  const std::string path = current_path(directory);
  Result<std::string> text = read_whole_file(files, path, kMaxCurrentBytes);
  std::string found;
  if (text) {
    if (text->ends_with('\n')) {
      if (const auto number =
              parse_manifest_name(std::string_view(*text).substr(0, text->size() - 1))) {
        return *number;
      }
    }
    found = std::to_string(text->size()) + " bytes of something else";
  } else if (text.error().code() == StatusCode::TOO_LARGE) {
    found = "more than 64 bytes";
  } else {
    return text.error();
  }
  return Status(StatusCode::CORRUPTION, path +
                                            " at offset 0: expected the name of a MANIFEST and a "
                                            "line end, found " +
                                            found + "; run `kvctl repair " + directory + "`");
}

Status switch_current(FileSystem& files, const std::string& directory, uint64_t number) {
  // CURRENT must never be durable before the name it holds.
  KVHOST_TRY(files.sync_directory(directory));
  return write_file_atomically(files, directory, std::string(kCurrentName),
                               manifest_name(number) + "\n");
}

}  // namespace kvhost::engine
