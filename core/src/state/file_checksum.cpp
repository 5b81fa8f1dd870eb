#include "state/file_checksum.hpp"

#include <algorithm>

#include "base/checksum_stream.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

}  // namespace

Result<uint64_t> file_checksum(FileSystem& files, const std::string& path, uint64_t bytes) {
  KVHOST_TRY_ASSIGN(const auto file, files.open_for_reading(path));
  ChecksumStream checksum;
  std::string buffer(std::min<uint64_t>(kReadBytes, bytes), '\0');
  for (uint64_t offset = 0; offset < bytes;) {
    const auto wanted = std::span(buffer).first(std::min<uint64_t>(buffer.size(), bytes - offset));
    KVHOST_TRY_ASSIGN(const std::size_t count, file->read_at(offset, wanted));
    if (count != wanted.size()) {
      return Status(StatusCode::IO_ERROR, path + ": expected " + std::to_string(bytes) +
                                              " bytes, found " + std::to_string(offset + count));
    }
    checksum.add(std::string_view(buffer).substr(0, count));
    offset += count;
  }
  return checksum.value();
}

}  // namespace kvhost::engine
