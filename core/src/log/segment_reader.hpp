// Reads the records of one segment file, good and bad.
//
// Threads:   one.
// Lifetime:  borrows nothing after open(); a payload lives until the next call.
// Errors:    of the Results: IO_ERROR, and at open() those of the header. A bad record is no error
//            here but an entry: what it means depends on what else is known.
// Format:    docs/formats/wal.md
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"
#include "log/log_format.hpp"

namespace kvhost::engine {

// What lies at one offset of a segment.
struct SegmentEntry {
  enum class State : uint8_t {
    kGood,
    kTorn,    // a record's header, but not its whole payload
    kAbsent,  // no record header of this segment's life
  };
  State state = State::kAbsent;
  uint64_t offset = 0;
  // On disk with header and padding; of a torn record what its header claims; 0 when absent.
  uint64_t bytes = 0;
  RecordKind kind = RecordKind::kPayload;
  std::string_view payload;
  std::optional<LogPosition> durable;
  // Expected and found; empty when good.
  std::string problem;

  bool good() const { return state == State::kGood; }
  uint64_t end() const { return offset + bytes; }
};

class SegmentReader {
 public:
  // Reads the header. `number` must be the one in it.
  static Result<std::unique_ptr<SegmentReader>> open(FileSystem& files, const std::string& path,
                                                     std::optional<uint64_t> number);

  const std::string& path() const { return path_; }
  const SegmentHeader& header() const { return header_; }
  uint64_t file_bytes() const { return file_bytes_; }

  // The entry at `offset`, which is aligned and behind the header.
  Result<SegmentEntry> read(uint64_t offset);
  // The first good record at or after `offset`; nullopt when there is none.
  Result<std::optional<SegmentEntry>> find_good(uint64_t offset);

 private:
  SegmentReader(std::string path, std::unique_ptr<RandomAccessFile> file, uint64_t file_bytes)
      : path_(std::move(path)), file_(std::move(file)), file_bytes_(file_bytes) {}

  // `length` bytes at `offset`, fewer at the end of the file; valid until the next call.
  Result<std::string_view> view(uint64_t offset, uint64_t length);
  Result<SegmentEntry> read_body(SegmentEntry entry, const RecordHeader& record);

  const std::string path_;
  const std::unique_ptr<RandomAccessFile> file_;
  const uint64_t file_bytes_;
  SegmentHeader header_;
  std::string window_;
  uint64_t window_offset_ = 0;
};

}  // namespace kvhost::engine
