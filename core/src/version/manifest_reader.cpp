#include "version/manifest_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/coding.hpp"

namespace kvhost::engine {

Result<std::unique_ptr<ManifestReader>> ManifestReader::open(FileSystem& files, std::string path) {
  KVHOST_TRY_ASSIGN(auto file, files.open_for_reading(path));
  KVHOST_TRY_ASSIGN(const uint64_t bytes, file->size());
  std::unique_ptr<ManifestReader> reader(
      new ManifestReader(std::move(file), std::move(path), bytes));
  KVHOST_TRY_ASSIGN(const std::string head,
                    reader->read(0, std::min<uint64_t>(bytes, kMaxManifestHeader)));
  KVHOST_TRY_ASSIGN(reader->header_, decode_manifest_header(head, reader->path_));
  reader->offset_ = reader->header_.bytes;
  return reader;
}

Result<std::string> ManifestReader::read(uint64_t offset, uint64_t bytes) const {
  std::string out(bytes, '\0');
  KVHOST_TRY_ASSIGN(const std::size_t got, file_->read_at(offset, out));
  if (got != bytes) {
    return Status(StatusCode::CORRUPTION, path_ + " at offset " + std::to_string(offset) +
                                              ": expected " + std::to_string(bytes) +
                                              " bytes, found " + std::to_string(got));
  }
  return out;
}

Result<std::optional<ManifestReader::Record>> ManifestReader::next() {
  const uint64_t begin = offset_;
  const uint64_t left = file_bytes_ - begin;
  if (left == 0 || torn_bytes_ > 0) return std::optional<Record>();
  if (left < kManifestRecordHeader) {
    torn_bytes_ = left;
    return std::optional<Record>();
  }
  KVHOST_TRY_ASSIGN(const std::string head, read(begin, kManifestRecordHeader));
  const uint32_t length = load_fixed32(head.data());
  const uint32_t check = load_fixed32(head.data() + 4);
  const uint64_t checksum = load_fixed64(head.data() + 8);
  if (const uint32_t wanted = record_length_check(length, header_.number, begin); check != wanted) {
    // Where the record would end is unknown. A crash leaves the sector of the length unwritten.
    const uint64_t sector = kManifestSector;
    const uint64_t end = std::min(file_bytes_, (begin + 8 + sector - 1) / sector * sector);
    return end_at(
        begin, end,
        "the check " + std::to_string(wanted) + " of the length " + std::to_string(length),
        std::to_string(check));
  }
  const uint64_t end = begin + kManifestRecordHeader + length;
  if (end > file_bytes_) {
    torn_bytes_ = left;
    return std::optional<Record>();
  }
  KVHOST_TRY_ASSIGN(payload_, read(begin + kManifestRecordHeader, length));
  if (const uint64_t wanted = record_checksum(payload_, header_.number, begin);
      checksum != wanted) {
    if (end != file_bytes_)
      return damaged(begin, "the checksum " + std::to_string(wanted), std::to_string(checksum));
    return end_at(begin, end, "the checksum " + std::to_string(wanted), std::to_string(checksum));
  }
  offset_ = end;
  return std::optional<Record>(Record{begin, payload_});
}

Result<std::optional<ManifestReader::Record>> ManifestReader::end_at(uint64_t begin, uint64_t end,
                                                                     const std::string& expected,
                                                                     const std::string& found) {
  KVHOST_TRY_ASSIGN(const bool crashed, has_unwritten_sector(begin, end));
  if (!crashed) return damaged(begin, expected, found);
  torn_bytes_ = file_bytes_ - begin;
  return std::optional<Record>();
}

Status ManifestReader::damaged(uint64_t offset, const std::string& expected,
                               const std::string& found) const {
  return {StatusCode::CORRUPTION, path_ + " at offset " + std::to_string(offset) +
                                      ": the record is damaged: expected " + expected + ", found " +
                                      found};
}

Result<bool> ManifestReader::has_unwritten_sector(uint64_t begin, uint64_t end) const {
  for (uint64_t at = begin; at < end;) {
    const uint64_t next = std::min(end, (at / kManifestSector + 1) * kManifestSector);
    KVHOST_TRY_ASSIGN(const std::string piece, read(at, next - at));
    if (piece.find_first_not_of('\0') == std::string::npos) return true;
    at = next;
  }
  return false;
}

}  // namespace kvhost::engine
