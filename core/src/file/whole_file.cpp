#include "file/whole_file.hpp"

namespace kvhost::engine {
namespace {

Status write_new_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  KVHOST_TRY_ASSIGN(const auto file, files.create(path));
  KVHOST_TRY(file->append(bytes));
  KVHOST_TRY(file->sync());
  return file->close();
}

}  // namespace

Status write_file_atomically(FileSystem& files, const std::string& directory,
                             const std::string& name, std::string_view bytes) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".tmp";
  KVHOST_TRY_ASSIGN(const bool leftover, files.exists(temporary));
  if (leftover) KVHOST_TRY(files.remove(temporary));
  if (Status written = write_new_file(files, temporary, bytes); !written.is_ok()) {
    // What the failure leaves behind is removed here or, at the latest, by the next write.
    static_cast<void>(files.remove(temporary));
    return written;
  }
  KVHOST_TRY(files.rename(temporary, path));
  return files.sync_directory(directory);
}

Result<std::string> read_whole_file(FileSystem& files, const std::string& path,
                                    uint64_t max_bytes) {
  KVHOST_TRY_ASSIGN(const auto file, files.open_for_reading(path));
  KVHOST_TRY_ASSIGN(const uint64_t size, file->size());
  if (size > max_bytes) {
    return Status(StatusCode::TOO_LARGE, path + ": expected at most " + std::to_string(max_bytes) +
                                             " bytes, found " + std::to_string(size));
  }
  std::string bytes(size, '\0');
  KVHOST_TRY_ASSIGN(const std::size_t count, file->read_at(0, bytes));
  bytes.resize(count);
  return bytes;
}

}  // namespace kvhost::engine
