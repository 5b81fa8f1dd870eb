// The engine's only way to the disk. Production code gets posix_file_system(); tests bring systems
// that crash, record or fail.
//
// Threads:   a FileSystem may be called from any thread; a File by one thread at a time, except
//            that RandomAccessFile::read_at may be called by many, and PositionedFile::sync while
//            another thread is in write_at (it covers the writes that had returned before).
// Errors:    NO_SPACE (ENOSPC, EDQUOT), OVERLOADED (EMFILE, ENFILE: no descriptor is left),
//            IO_ERROR (everything else); messages name path, call, errno.
// Durable:   bytes are durable after sync() of their file; a new, renamed or removed name is
//            durable after sync_directory() of its directory. Nothing else promises anything.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::engine {

// Positioned reads from a finished (or growing) file.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  // Fills `out` from `offset`; returns the bytes read, fewer than asked only at the end of file.
  virtual Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const = 0;
  virtual Result<uint64_t> size() const = 0;
  // Says that `length` bytes from `offset` will be read soon. A hint: it cannot fail.
  virtual void will_need(uint64_t offset, uint64_t length) const = 0;
};

// A new file written from front to back.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // All of `data` is handed to the kernel, or an error is returned and the file is of no more use.
  virtual Status append(std::string_view data) = 0;
  // Makes every byte appended so far durable. Never repeated on a file after it failed once.
  virtual Status sync() = 0;
  // Reports what the kernel reports at close; further calls are a programmer's error.
  virtual Status close() = 0;
};

// A file of fixed size that is overwritten in place: a log segment.
class PositionedFile : public RandomAccessFile {
 public:
  // Hands all of `data` to the kernel at `offset`.
  virtual Status write_at(uint64_t offset, std::string_view data) = 0;
  // Says that the whole file will be written soon. A hint, from any thread: it cannot fail.
  virtual void will_write() {}
  virtual Status sync() = 0;
  virtual Status close() = 0;
};

// Held for as long as the object lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<RandomAccessFile>> open_for_reading(const std::string& path) = 0;
  // Fails when `path` exists.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  // Makes `path` with exactly `size` allocated, zero-written and synced bytes. Fails when it
  // exists.
  virtual Result<std::unique_ptr<PositionedFile>> create_preallocated(const std::string& path,
                                                                      uint64_t size) = 0;
  // Opens an existing file for overwriting in place.
  virtual Result<std::unique_ptr<PositionedFile>> open_positioned(const std::string& path) = 0;
  // The same for a file whose writes are many and small, and whose syncs are few: write_at() costs
  // no system call where the system can map files. Every byte of the file must have been written
  // before. What write_at() has stored survives the end of the process, as ever.
  virtual Result<std::unique_ptr<PositionedFile>> open_mapped(const std::string& path) {
    return open_positioned(path);
  }

  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<uint64_t> file_size(const std::string& path) = 0;
  // Names (not paths) of the entries of a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  // Makes the directory and its missing parents; an existing one is fine.
  virtual Status create_directories(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  // Atomic; replaces `to`.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status link(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // Removes a directory that is empty.
  virtual Status remove_directory(const std::string& path) = 0;
  // Shortens a file.
  virtual Status truncate(const std::string& path, uint64_t size) = 0;
  // LOCKED when another process, or another lock of this one, holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  // Bytes that this user may still allocate on the file system of `path`.
  virtual Result<uint64_t> free_bytes(const std::string& path) = 0;
};

// The operating system's file system. One object for the process, never destroyed.
FileSystem& posix_file_system();

}  // namespace kvhost::engine
