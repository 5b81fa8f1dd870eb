// The three kinds of file of the operating system's file system, over one descriptor each.
//
// Threads:   as FileSystem says: one at a time per file, read_at() by many.
// Errors:    posix_error()'s. A write is completed or fails; interrupted calls are repeated.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

// An open descriptor, closed at the end of its life.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  // Opens with O_CLOEXEC, repeated when interrupted; -1 leaves errno.
  static Descriptor open(const std::string& path, int flags);

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

std::unique_ptr<RandomAccessFile> make_posix_random_access_file(std::string path, Descriptor fd);
std::unique_ptr<WritableFile> make_posix_writable_file(std::string path, Descriptor fd);
std::unique_ptr<PositionedFile> make_posix_positioned_file(std::string path, Descriptor fd);
// Writes by stores into a shared mapping of the file, whose size stays what it is now.
Result<std::unique_ptr<PositionedFile>> make_posix_mapped_file(std::string path, Descriptor fd);

}  // namespace kvhost::engine
