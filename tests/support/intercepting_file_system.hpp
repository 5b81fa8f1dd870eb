// Stands in front of a file system and asks an interceptor before every call: the common half of
// the systems that record and that fail.
//
// Threads:   any, if the interceptor's on_call() may be called by any.
// Lifetime:  borrows the file system and the interceptor; its files borrow them, too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine::testing {

// Kinds: open create preallocate overwrite read append write sync close exists size list mkdir
// syncdir rename link remove rmdir truncate lock free.
struct FileCall {
  std::string_view kind;
  std::string path;
  std::string target;  // of rename and link
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// What becomes of a call: it goes on, it fails, or it is cut to half its bytes first.
struct FileVerdict {
  Status failure;
  bool is_cut = false;
};

class FileInterceptor {
 public:
  virtual ~FileInterceptor() = default;
  virtual FileVerdict on_call(const FileCall& call) = 0;
};

class InterceptingFileSystem : public FileSystem {
 public:
  InterceptingFileSystem(FileSystem& files, FileInterceptor& interceptor)
      : files_(files), interceptor_(interceptor) {}

  Result<std::unique_ptr<RandomAccessFile>> open_for_reading(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<PositionedFile>> create_preallocated(const std::string& path,
                                                              uint64_t size) override;
  Result<std::unique_ptr<PositionedFile>> open_positioned(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<uint64_t> file_size(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Status create_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status truncate(const std::string& path, uint64_t size) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;

 private:
  Status ask(std::string_view kind, const std::string& path, uint64_t bytes = 0) {
    return interceptor_.on_call({kind, path, {}, 0, bytes}).failure;
  }

  FileSystem& files_;
  FileInterceptor& interceptor_;
};

}  // namespace kvhost::engine::testing
