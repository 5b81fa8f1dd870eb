#include "backup/checked_copy.hpp"

#include <algorithm>
#include <functional>

#include "base/checksum_stream.hpp"

namespace kvhost::engine {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

Result<CopiedBytes> read_all(FileSystem& files, const std::string& path,
                             const std::function<Status(std::string_view)>& take) {
  KVHOST_TRY_ASSIGN(const auto file, files.open_for_reading(path));
  KVHOST_TRY_ASSIGN(const uint64_t size, file->size());
  ChecksumStream sum;
  std::string piece;
  for (uint64_t offset = 0; offset < size; offset += piece.size()) {
    piece.resize(std::min<uint64_t>(kPiece, size - offset));
    KVHOST_TRY_ASSIGN(const std::size_t got, file->read_at(offset, piece));
    if (got != piece.size()) {
      return Status(StatusCode::IO_ERROR, path + ": read at offset " + std::to_string(offset) +
                                              ": expected " + std::to_string(piece.size()) +
                                              " bytes, found " + std::to_string(got));
    }
    sum.add(piece);
    KVHOST_TRY(take(piece));
  }
  return CopiedBytes{size, sum.value()};
}

}  // namespace

Result<CopiedBytes> copy_counting(FileSystem& files, const std::string& from,
                                  const std::string& to) {
  KVHOST_TRY_ASSIGN(const auto target, files.create(to));
  KVHOST_TRY_ASSIGN(const CopiedBytes copied, read_all(files, from, [&](std::string_view piece) {
                      return target->append(piece);
                    }));
  KVHOST_TRY(target->sync());
  KVHOST_TRY(target->close());
  return copied;
}

Status check_copied(const std::string& path, const BackupFile& listed, const CopiedBytes& found) {
  if (found.bytes != listed.bytes) {
    return {StatusCode::CORRUPTION, path + ": expected " + std::to_string(listed.bytes) +
                                        " bytes, as the backup's list says; found " +
                                        std::to_string(found.bytes)};
  }
  if (found.checksum != listed.checksum) {
    return {StatusCode::CORRUPTION,
            path + ": expected the checksum " + std::to_string(listed.checksum) +
                ", as the backup's list says; found " + std::to_string(found.checksum)};
  }
  return Status::ok();
}

Status compare_with(FileSystem& files, const std::string& path, const BackupFile& listed) {
  KVHOST_TRY_ASSIGN(const bool there, files.exists(path));
  if (!there) {
    return {StatusCode::CORRUPTION, path + ": expected " + std::to_string(listed.bytes) +
                                        " bytes, as the backup's list says; found no file"};
  }
  KVHOST_TRY_ASSIGN(const CopiedBytes found,
                    read_all(files, path, [](std::string_view) { return Status::ok(); }));
  return check_copied(path, listed, found);
}

}  // namespace kvhost::engine
