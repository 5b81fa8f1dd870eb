#include "support/intercepting_file_system.hpp"

#include <cerrno>
#include <utility>

#include "file/posix_error.hpp"

namespace kvhost::engine::testing {
namespace {

Status write_checked(FileInterceptor& interceptor, const FileCall& call, std::string_view data,
                     auto&& write) {
  const FileVerdict verdict = interceptor.on_call(call);
  if (verdict.is_cut) {
    // The kernel took half and then failed.
    KVHOST_TRY(write(data.substr(0, data.size() / 2)));
    return posix_error(call.path, call.kind, EIO);
  }
  KVHOST_TRY(verdict.failure);
  return write(data);
}

Result<std::size_t> read_checked(FileInterceptor& interceptor, const std::string& path,
                                 const RandomAccessFile& file, uint64_t offset,
                                 std::span<char> out) {
  const FileVerdict verdict = interceptor.on_call({"read", path, {}, offset, out.size()});
  KVHOST_TRY(verdict.failure);
  return file.read_at(offset, verdict.is_cut ? out.first(out.size() / 2) : out);
}

class InterceptedRandomAccessFile final : public RandomAccessFile {
 public:
  InterceptedRandomAccessFile(FileInterceptor& interceptor, std::string path,
                              std::unique_ptr<RandomAccessFile> file)
      : interceptor_(interceptor), path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    return read_checked(interceptor_, path_, *file_, offset, out);
  }
  Result<uint64_t> size() const override {
    KVHOST_TRY(interceptor_.on_call({"size", path_}).failure);
    return file_->size();
  }
  void will_need(uint64_t offset, uint64_t length) const override {
    file_->will_need(offset, length);
  }

 private:
  FileInterceptor& interceptor_;
  const std::string path_;
  const std::unique_ptr<RandomAccessFile> file_;
};

class InterceptedWritableFile final : public WritableFile {
 public:
  InterceptedWritableFile(FileInterceptor& interceptor, std::string path,
                          std::unique_ptr<WritableFile> file)
      : interceptor_(interceptor), path_(std::move(path)), file_(std::move(file)) {}

  Status append(std::string_view data) override {
    return write_checked(interceptor_, {"append", path_, {}, 0, data.size()}, data,
                         [this](std::string_view part) { return file_->append(part); });
  }
  Status sync() override {
    KVHOST_TRY(interceptor_.on_call({"sync", path_}).failure);
    return file_->sync();
  }
  Status close() override {
    KVHOST_TRY(interceptor_.on_call({"close", path_}).failure);
    return file_->close();
  }

 private:
  FileInterceptor& interceptor_;
  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
};

class InterceptedPositionedFile final : public PositionedFile {
 public:
  InterceptedPositionedFile(FileInterceptor& interceptor, std::string path,
                            std::unique_ptr<PositionedFile> file)
      : interceptor_(interceptor), path_(std::move(path)), file_(std::move(file)) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    return read_checked(interceptor_, path_, *file_, offset, out);
  }
  Result<uint64_t> size() const override {
    KVHOST_TRY(interceptor_.on_call({"size", path_}).failure);
    return file_->size();
  }
  void will_need(uint64_t offset, uint64_t length) const override {
    file_->will_need(offset, length);
  }
  Status write_at(uint64_t offset, std::string_view data) override {
    return write_checked(interceptor_, {"write", path_, {}, offset, data.size()}, data,
                         [&](std::string_view part) { return file_->write_at(offset, part); });
  }
  Status sync() override {
    KVHOST_TRY(interceptor_.on_call({"sync", path_}).failure);
    return file_->sync();
  }
  Status close() override {
    KVHOST_TRY(interceptor_.on_call({"close", path_}).failure);
    return file_->close();
  }

 private:
  FileInterceptor& interceptor_;
  const std::string path_;
  const std::unique_ptr<PositionedFile> file_;
};

}  // namespace

Result<std::unique_ptr<RandomAccessFile>> InterceptingFileSystem::open_for_reading(
    const std::string& path) {
  KVHOST_TRY(ask("open", path));
  KVHOST_TRY_ASSIGN(auto file, files_.open_for_reading(path));
  return std::unique_ptr<RandomAccessFile>(
      std::make_unique<InterceptedRandomAccessFile>(interceptor_, path, std::move(file)));
}

Result<std::unique_ptr<WritableFile>> InterceptingFileSystem::create(const std::string& path) {
  KVHOST_TRY(ask("create", path));
  KVHOST_TRY_ASSIGN(auto file, files_.create(path));
  return std::unique_ptr<WritableFile>(
      std::make_unique<InterceptedWritableFile>(interceptor_, path, std::move(file)));
}

Result<std::unique_ptr<PositionedFile>> InterceptingFileSystem::create_preallocated(
    const std::string& path, uint64_t size) {
  KVHOST_TRY(ask("preallocate", path, size));
  KVHOST_TRY_ASSIGN(auto file, files_.create_preallocated(path, size));
  return std::unique_ptr<PositionedFile>(
      std::make_unique<InterceptedPositionedFile>(interceptor_, path, std::move(file)));
}

Result<std::unique_ptr<PositionedFile>> InterceptingFileSystem::open_positioned(
    const std::string& path) {
  KVHOST_TRY(ask("overwrite", path));
  KVHOST_TRY_ASSIGN(auto file, files_.open_positioned(path));
  return std::unique_ptr<PositionedFile>(
      std::make_unique<InterceptedPositionedFile>(interceptor_, path, std::move(file)));
}

Result<bool> InterceptingFileSystem::exists(const std::string& path) {
  KVHOST_TRY(ask("exists", path));
  return files_.exists(path);
}

Result<uint64_t> InterceptingFileSystem::file_size(const std::string& path) {
  KVHOST_TRY(ask("size", path));
  return files_.file_size(path);
}

Result<std::vector<std::string>> InterceptingFileSystem::list(const std::string& directory) {
  KVHOST_TRY(ask("list", directory));
  return files_.list(directory);
}

Status InterceptingFileSystem::create_directories(const std::string& path) {
  KVHOST_TRY(ask("mkdir", path));
  return files_.create_directories(path);
}

Status InterceptingFileSystem::sync_directory(const std::string& path) {
  KVHOST_TRY(ask("syncdir", path));
  return files_.sync_directory(path);
}

Status InterceptingFileSystem::rename(const std::string& from, const std::string& to) {
  KVHOST_TRY(interceptor_.on_call({"rename", from, to}).failure);
  return files_.rename(from, to);
}

Status InterceptingFileSystem::link(const std::string& from, const std::string& to) {
  KVHOST_TRY(interceptor_.on_call({"link", from, to}).failure);
  return files_.link(from, to);
}

Status InterceptingFileSystem::remove(const std::string& path) {
  KVHOST_TRY(ask("remove", path));
  return files_.remove(path);
}

Status InterceptingFileSystem::remove_directory(const std::string& path) {
  KVHOST_TRY(ask("rmdir", path));
  return files_.remove_directory(path);
}

Status InterceptingFileSystem::truncate(const std::string& path, uint64_t size) {
  KVHOST_TRY(ask("truncate", path, size));
  return files_.truncate(path, size);
}

Result<std::unique_ptr<FileLock>> InterceptingFileSystem::lock(const std::string& path) {
  KVHOST_TRY(ask("lock", path));
  return files_.lock(path);
}

Result<uint64_t> InterceptingFileSystem::free_bytes(const std::string& path) {
  KVHOST_TRY(ask("free", path));
  return files_.free_bytes(path);
}

}  // namespace kvhost::engine::testing
