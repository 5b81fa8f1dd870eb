#include "file/posix_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>
#include <utility>

#include "base/mutex.hpp"
#include "file/posix_error.hpp"
#include "file/posix_file.hpp"

namespace kvhost::engine {
namespace {

// Device and inode: the same file under any spelling of its path.
using FileIdentity = std::pair<uint64_t, uint64_t>;

class LockTable {
 public:
  bool insert(const FileIdentity& file) {
    MutexLock lock(mutex_);
    return held_.insert(file).second;
  }
  void erase(const FileIdentity& file) {
    MutexLock lock(mutex_);
    held_.erase(file);
  }

 private:
  Mutex mutex_;
  std::set<FileIdentity> held_ KVHOST_GUARDED_BY(mutex_);
};

LockTable& lock_table() {
  static LockTable* const table = std::make_unique<LockTable>().release();
  return *table;
}

class PosixLock final : public FileLock {
 public:
  PosixLock(FileIdentity file, Descriptor fd) : file_(file), fd_(std::move(fd)) {}
  ~PosixLock() override {
    // The kernel's lock goes first: whoever gets the table's entry then gets that, too.
    fd_ = Descriptor();
    lock_table().erase(file_);
  }

 private:
  const FileIdentity file_;
  Descriptor fd_;
};

Status locked(const std::string& path, const std::string& holder) {
  return {StatusCode::LOCKED,
          path + ": held by " + holder + "; stop that one first, or use another directory"};
}

}  // namespace

Result<std::unique_ptr<FileLock>> posix_lock(const std::string& path) {
  Descriptor fd = Descriptor::open(path, O_RDWR | O_CREAT);
  if (!fd.is_open()) return posix_error(path, "open", errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return posix_error(path, "fstat", errno);
  const FileIdentity file{status.st_dev, status.st_ino};
  if (!lock_table().insert(file)) return locked(path, "this process already");

  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_SETLK, &range) != 0) {
    const int error = errno;
    lock_table().erase(file);
    if (error == EAGAIN || error == EACCES) return locked(path, "another process");
    return posix_error(path, "fcntl(F_OFD_SETLK)", error);
  }
  return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(file, std::move(fd)));
}

}  // namespace kvhost::engine
