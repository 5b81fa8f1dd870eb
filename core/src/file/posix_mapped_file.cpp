#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "file/posix_error.hpp"
#include "file/posix_file.hpp"

namespace kvhost::engine {
namespace {

// How far ahead of the writes pages are made writable: large enough to share the call's cost, small
// enough that the write which makes the call is not much later than the others (some 20 us).
constexpr uint64_t kPrefault = uint64_t{256} << 10;

class Mapping {
 public:
  Mapping(char* begin, uint64_t size) : begin_(begin), size_(size) {}
  Mapping(Mapping&& other) noexcept
      : begin_(std::exchange(other.begin_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping() {
    if (begin_ != nullptr) ::munmap(begin_, size_);
  }

  char* begin() const { return begin_; }
  uint64_t size() const { return size_; }

 private:
  char* begin_;
  uint64_t size_;
};

// Everything but write_at() is the positioned file's: a mapping and a descriptor see the same
// pages, and fdatasync() writes those that stores have changed, too.
class PosixMappedFile final : public PositionedFile {
 public:
  PosixMappedFile(std::string path, std::unique_ptr<PositionedFile> file, Mapping mapping)
      : path_(std::move(path)), file_(std::move(file)), mapping_(std::move(mapping)) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    return file_->read_at(offset, out);
  }
  Result<uint64_t> size() const override { return file_->size(); }
  void will_need(uint64_t offset, uint64_t length) const override {
    file_->will_need(offset, length);
  }
  Status write_at(uint64_t offset, std::string_view data) override {
    if (offset > mapping_.size() || data.size() > mapping_.size() - offset) {
      return posix_error(path_, "write beyond the mapping", EFBIG);
    }
    const uint64_t end = offset + data.size();
    if (end > writable_to_.load(std::memory_order_relaxed)) KVHOST_TRY(prefault(offset, end));
    std::memcpy(mapping_.begin() + offset, data.data(), data.size());
    return Status::ok();
  }
  void will_write() override {
    for (uint64_t at = 0; at < mapping_.size(); at += kPrefault) {
      const uint64_t last = std::min(mapping_.size(), at + kPrefault);
      if (last <= writable_to_.load(std::memory_order_relaxed)) continue;
      if (::madvise(mapping_.begin() + at, last - at, MADV_POPULATE_WRITE) != 0) return;
      // The writer may be ahead of this already; then it is left alone.
      uint64_t expected = at;
      writable_to_.compare_exchange_strong(expected, last, std::memory_order_relaxed);
    }
  }
  Status sync() override { return file_->sync(); }
  Status close() override { return file_->close(); }

 private:
  // A page that cannot be had is an error here; at a store it would be a SIGBUS.
  Status prefault(uint64_t offset, uint64_t end) {
    const uint64_t known = writable_to_.load(std::memory_order_relaxed);
    const uint64_t first = std::max(known, offset) / kPrefault * kPrefault;
    const uint64_t last = std::min(mapping_.size(), (end + kPrefault - 1) / kPrefault * kPrefault);
    while (::madvise(mapping_.begin() + first, last - first, MADV_POPULATE_WRITE) != 0) {
      if (errno == EINTR) continue;
      // A kernel before 5.14 does not know the advice: the stores take the faults.
      if (errno == EINVAL) break;
      return posix_error(path_, "madvise", errno == EFAULT ? EIO : errno);
    }
    writable_to_.store(last, std::memory_order_relaxed);
    return Status::ok();
  }

  const std::string path_;
  const std::unique_ptr<PositionedFile> file_;
  Mapping mapping_;
  std::atomic<uint64_t> writable_to_{0};
};

}  // namespace

Result<std::unique_ptr<PositionedFile>> make_posix_mapped_file(std::string path, Descriptor fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return posix_error(path, "fstat", errno);
  const auto size = static_cast<uint64_t>(status.st_size);
  void* const begin = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  auto file = make_posix_positioned_file(path, std::move(fd));
  // Some file systems do not map, and an empty file cannot be: plain writes do as well.
  if (begin == MAP_FAILED) return file;
  return std::unique_ptr<PositionedFile>(std::make_unique<PosixMappedFile>(
      std::move(path), std::move(file), Mapping(static_cast<char*>(begin), size)));
}

}  // namespace kvhost::engine
