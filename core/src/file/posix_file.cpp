#include "file/posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/assert.hpp"
#include "file/posix_error.hpp"

namespace kvhost::engine {
namespace {

// Repeats a call for as long as a signal interrupts it.
template <typename Call>
auto uninterrupted(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

Result<std::size_t> read_fully(const std::string& path, int fd, uint64_t offset,
                               std::span<char> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = uninterrupted([&] {
      return ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    });
    if (count < 0) return posix_error(path, "pread", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<uint64_t> size_of(const std::string& path, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return posix_error(path, "fstat", errno);
  return static_cast<uint64_t>(status.st_size);
}

Status sync_data(const std::string& path, int fd) {
  if (uninterrupted([&] { return ::fdatasync(fd); }) != 0) {
    return posix_error(path, "fdatasync", errno);
  }
  return Status::ok();
}

// The descriptor is gone whatever close() answers, so it is never repeated.
Status close_once(const std::string& path, Descriptor& fd) {
  KVHOST_ASSERT(fd.is_open(), "a file is closed once");
  if (::close(fd.release()) != 0 && errno != EINTR) return posix_error(path, "close", errno);
  return Status::ok();
}

void advise_will_need(int fd, uint64_t offset, uint64_t length) {
  ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
}

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(std::string path, Descriptor fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    return read_fully(path_, fd_.get(), offset, out);
  }
  Result<uint64_t> size() const override { return size_of(path_, fd_.get()); }
  void will_need(uint64_t offset, uint64_t length) const override {
    advise_will_need(fd_.get(), offset, length);
  }

 private:
  const std::string path_;
  Descriptor fd_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  Status append(std::string_view data) override {
    while (!data.empty()) {
      const ssize_t count =
          uninterrupted([&] { return ::write(fd_.get(), data.data(), data.size()); });
      if (count < 0) return posix_error(path_, "write", errno);
      data.remove_prefix(static_cast<std::size_t>(count));
    }
    return Status::ok();
  }
  Status sync() override { return sync_data(path_, fd_.get()); }
  Status close() override { return close_once(path_, fd_); }

 private:
  const std::string path_;
  Descriptor fd_;
};

class PosixPositionedFile final : public PositionedFile {
 public:
  PosixPositionedFile(std::string path, Descriptor fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    return read_fully(path_, fd_.get(), offset, out);
  }
  Result<uint64_t> size() const override { return size_of(path_, fd_.get()); }
  void will_need(uint64_t offset, uint64_t length) const override {
    advise_will_need(fd_.get(), offset, length);
  }
  Status write_at(uint64_t offset, std::string_view data) override {
    while (!data.empty()) {
      const ssize_t count = uninterrupted([&] {
        return ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      });
      if (count < 0) return posix_error(path_, "pwrite", errno);
      data.remove_prefix(static_cast<std::size_t>(count));
      offset += static_cast<uint64_t>(count);
    }
    return Status::ok();
  }
  Status sync() override { return sync_data(path_, fd_.get()); }
  Status close() override { return close_once(path_, fd_); }

 private:
  const std::string path_;
  Descriptor fd_;
};

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (is_open()) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(fd_);
}

Descriptor Descriptor::open(const std::string& path, int flags) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); }));
}

std::unique_ptr<RandomAccessFile> make_posix_random_access_file(std::string path, Descriptor fd) {
  return std::make_unique<PosixRandomAccessFile>(std::move(path), std::move(fd));
}

std::unique_ptr<WritableFile> make_posix_writable_file(std::string path, Descriptor fd) {
  return std::make_unique<PosixWritableFile>(std::move(path), std::move(fd));
}

std::unique_ptr<PositionedFile> make_posix_positioned_file(std::string path, Descriptor fd) {
  return std::make_unique<PosixPositionedFile>(std::move(path), std::move(fd));
}

}  // namespace kvhost::engine
