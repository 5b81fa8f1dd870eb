#include "file/file_tree.hpp"

#include <algorithm>
#include <string_view>

namespace kvhost::engine {

namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

}  // namespace

std::string parent_directory(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

Status remove_file_tree(FileSystem& files, const std::string& directory) {
  KVHOST_TRY_ASSIGN(const bool there, files.exists(directory));
  if (!there) return Status::ok();
  KVHOST_TRY_ASSIGN(const auto names, files.list(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    // What cannot be listed is a file.
    if (files.list(path)) {
      KVHOST_TRY(remove_file_tree(files, path));
    } else {
      KVHOST_TRY(files.remove(path));
    }
  }
  return files.remove_directory(directory);
}

Status copy_file(FileSystem& files, const std::string& from, const std::string& to) {
  KVHOST_TRY_ASSIGN(const auto source, files.open_for_reading(from));
  KVHOST_TRY_ASSIGN(const uint64_t size, source->size());
  KVHOST_TRY_ASSIGN(const auto target, files.create(to));
  std::string bytes;
  for (uint64_t offset = 0; offset < size; offset += bytes.size()) {
    bytes.resize(std::min<uint64_t>(kCopyBytes, size - offset));
    KVHOST_TRY_ASSIGN(const std::size_t got, source->read_at(offset, bytes));
    if (got != bytes.size()) {
      return {StatusCode::IO_ERROR, from + ": read at offset " + std::to_string(offset) +
                                        ": expected " + std::to_string(bytes.size()) +
                                        " bytes, found " + std::to_string(got)};
    }
    KVHOST_TRY(target->append(bytes));
  }
  KVHOST_TRY(target->sync());
  return target->close();
}

Status link_or_copy(FileSystem& files, const std::string& from, const std::string& to) {
  if (files.link(from, to).is_ok()) return Status::ok();
  return copy_file(files, from, to);
}

}  // namespace kvhost::engine
