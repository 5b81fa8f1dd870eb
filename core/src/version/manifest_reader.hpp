// Reads a MANIFEST record by record and tells a crash from damage at its end.
//
// A record is durable before the next one is written, so a bad record that another one follows is
// damage. A bad last record is a crash when it is cut off by the end of the file or has a sector
// (or its share of one) that was never written; otherwise it is damage, too.
//
// Threads:   one.
// Lifetime:  owns the file; a payload lives until the next call.
// Errors:    CORRUPTION (file, offset, expected, found), FORMAT_UNSUPPORTED, IO_ERROR.
// Format:    docs/formats/manifest.md
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "version/manifest_format.hpp"

namespace kvhost::engine {

class ManifestReader {
 public:
  struct Record {
    uint64_t offset = 0;
    std::string_view payload;
  };

  static Result<std::unique_ptr<ManifestReader>> open(FileSystem& files, std::string path);

  const ManifestHeader& header() const { return header_; }
  const std::string& path() const { return path_; }
  uint64_t file_bytes() const { return file_bytes_; }
  // The next record; empty at the end, be it torn.
  Result<std::optional<Record>> next();
  // Bytes of a torn record behind the last good one, once next() has met the end.
  uint64_t torn_bytes() const { return torn_bytes_; }

 private:
  ManifestReader(std::unique_ptr<RandomAccessFile> file, std::string path, uint64_t file_bytes)
      : file_(std::move(file)), path_(std::move(path)), file_bytes_(file_bytes) {}

  Result<std::string> read(uint64_t offset, uint64_t bytes) const;
  // What the bad record at `begin` is: a crash when a sector's share of [begin, end) was never
  // written, else damage.
  Result<std::optional<Record>> end_at(uint64_t begin, uint64_t end, const std::string& expected,
                                       const std::string& found);
  Status damaged(uint64_t offset, const std::string& expected, const std::string& found) const;
  Result<bool> has_unwritten_sector(uint64_t begin, uint64_t end) const;

  std::unique_ptr<RandomAccessFile> file_;
  const std::string path_;
  const uint64_t file_bytes_;
  ManifestHeader header_;
  uint64_t offset_ = 0;
  uint64_t torn_bytes_ = 0;
  std::string payload_;
};

}  // namespace kvhost::engine
