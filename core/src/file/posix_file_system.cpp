#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "file/posix_error.hpp"
#include "file/posix_file.hpp"
#include "file/posix_lock.hpp"
#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kZeroChunk = std::size_t{1} << 20;

// Allocates, then writes: allocated blocks alone stay "unwritten" in the file system's tree, and
// the first write to each would change metadata that the next sync has to carry.
Status allocate(const std::string& path, const Descriptor& fd, uint64_t size) {
  if (size == 0 || ::fallocate(fd.get(), 0, 0, static_cast<off_t>(size)) == 0) return Status::ok();
  // Where the file system cannot allocate ahead, writing the zeros does it.
  if (errno == EOPNOTSUPP || errno == ENOSYS) return Status::ok();
  return posix_error(path, "fallocate", errno);
}

Status write_zeros(PositionedFile& file, uint64_t size) {
  const std::string zeros(static_cast<std::size_t>(std::min<uint64_t>(size, kZeroChunk)), '\0');
  for (uint64_t at = 0; at < size; at += zeros.size()) {
    const auto length = static_cast<std::size_t>(std::min<uint64_t>(size - at, zeros.size()));
    KVHOST_TRY(file.write_at(at, std::string_view(zeros).substr(0, length)));
  }
  return Status::ok();
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> open_for_reading(const std::string& path) override {
    KVHOST_TRY_ASSIGN(Descriptor fd, open(path, O_RDONLY));
    return make_posix_random_access_file(path, std::move(fd));
  }
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    KVHOST_TRY_ASSIGN(Descriptor fd, open(path, O_WRONLY | O_CREAT | O_EXCL));
    return make_posix_writable_file(path, std::move(fd));
  }
  Result<std::unique_ptr<PositionedFile>> create_preallocated(const std::string& path,
                                                              uint64_t size) override {
    KVHOST_TRY_ASSIGN(Descriptor fd, open(path, O_RDWR | O_CREAT | O_EXCL));
    Status made = allocate(path, fd, size);
    auto file = make_posix_positioned_file(path, std::move(fd));
    if (made.is_ok()) made = write_zeros(*file, size);
    if (made.is_ok()) made = file->sync();
    if (!made.is_ok()) {
      // A half-made file would only hold on to the space that is missing.
      ::unlink(path.c_str());
      return made;
    }
    return file;
  }
  Result<std::unique_ptr<PositionedFile>> open_positioned(const std::string& path) override {
    KVHOST_TRY_ASSIGN(Descriptor fd, open(path, O_RDWR));
    return make_posix_positioned_file(path, std::move(fd));
  }
  Result<std::unique_ptr<PositionedFile>> open_mapped(const std::string& path) override {
    KVHOST_TRY_ASSIGN(Descriptor fd, open(path, O_RDWR));
    return make_posix_mapped_file(path, std::move(fd));
  }

  Result<bool> exists(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return posix_error(path, "stat", errno);
  }
  Result<uint64_t> file_size(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return posix_error(path, "stat", errno);
    return static_cast<uint64_t>(status.st_size);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    const auto close = [](DIR* stream) { ::closedir(stream); };
    std::unique_ptr<DIR, decltype(close)> stream(::opendir(directory.c_str()), close);
    if (!stream) return posix_error(directory, "opendir", errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return posix_error(directory, "readdir", errno);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status create_directories(const std::string& path) override {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
        return posix_error(part, "mkdir", errno);
      }
      if (end == std::string::npos) break;
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return posix_error(path, "stat", errno);
    if (!S_ISDIR(status.st_mode)) return posix_error(path, "mkdir", ENOTDIR);
    return Status::ok();
  }
  Status sync_directory(const std::string& path) override {
    KVHOST_TRY_ASSIGN(Descriptor fd, open(path, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0) return posix_error(path, "fsync", errno);
    return Status::ok();
  }
  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return Status::ok();
    return posix_error(from + " -> " + to, "rename", errno);
  }
  Status link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return Status::ok();
    return posix_error(from + " -> " + to, "link", errno);
  }
  Status remove(const std::string& path) override {
    return ::unlink(path.c_str()) == 0 ? Status::ok() : posix_error(path, "unlink", errno);
  }
  Status remove_directory(const std::string& path) override {
    return ::rmdir(path.c_str()) == 0 ? Status::ok() : posix_error(path, "rmdir", errno);
  }
  Status truncate(const std::string& path, uint64_t size) override {
    KVHOST_TRY_ASSIGN(const uint64_t old_size, file_size(path));
    if (size > old_size) {
      return {StatusCode::INVALID_ARGUMENT, path + ": truncate: expected at most " +
                                                std::to_string(old_size) + " bytes, found " +
                                                std::to_string(size)};
    }
    if (::truncate(path.c_str(), static_cast<off_t>(size)) == 0) return Status::ok();
    return posix_error(path, "truncate", errno);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return posix_lock(path);
  }
  Result<uint64_t> free_bytes(const std::string& path) override {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) != 0) return posix_error(path, "statvfs", errno);
    return uint64_t{status.f_bavail} * uint64_t{status.f_frsize};
  }

 private:
  static Result<Descriptor> open(const std::string& path, int flags) {
    Descriptor fd = Descriptor::open(path, flags);
    if (!fd.is_open()) return posix_error(path, "open", errno);
    return fd;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem* const files = std::make_unique<PosixFileSystem>().release();
  return *files;
}

}  // namespace kvhost::engine
