// One segment while it is written: begins a spare's new life and writes records into it.
//
// Threads:   one writes; sync() by one thread, which may be another one.
// Errors:    NO_SPACE, IO_ERROR.
// Format:    docs/formats/wal.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"
#include "log/log_format.hpp"
#include "log/segment_pool.hpp"

namespace kvhost::engine {

class SegmentWriter {
 public:
  // Takes a file of at least `size` bytes, writes and syncs its header, and only then gives it the
  // segment's name, durably: a file with such a name always has a good header. `is_mapped` as in
  // LogOptions.
  static Result<std::shared_ptr<SegmentWriter>> begin(FileSystem& files,
                                                      const std::string& directory,
                                                      SegmentPool& pool, uint64_t size,
                                                      const SegmentHeader& header, bool is_mapped);

  uint64_t number() const { return header_.number; }
  uint64_t incarnation() const { return header_.incarnation; }
  uint64_t size() const { return size_; }
  bool fits(uint64_t offset, uint64_t bytes) const {
    return offset <= size_ && bytes <= size_ - offset;
  }

  Status write(uint64_t offset, std::string_view bytes) { return file_->write_at(offset, bytes); }
  Status sync() { return file_->sync(); }
  // Brings near what writes will touch; from any thread, beside them.
  void will_write() { file_->will_write(); }

 private:
  SegmentWriter(const SegmentHeader& header, std::unique_ptr<PositionedFile> file, uint64_t size)
      : header_(header), file_(std::move(file)), size_(size) {}

  const SegmentHeader header_;
  const std::unique_ptr<PositionedFile> file_;
  const uint64_t size_;
};

}  // namespace kvhost::engine
