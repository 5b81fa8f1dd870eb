#include "log/segment_reader.hpp"

#include <algorithm>

namespace kvhost::engine {
namespace {

constexpr uint64_t kWindow = uint64_t{256} << 10;

std::string expected_found(std::string_view what, uint64_t expected, uint64_t found) {
  return "expected " + std::string(what) + " " + std::to_string(expected) + ", found " +
         std::to_string(found);
}

}  // namespace

Result<std::unique_ptr<SegmentReader>> SegmentReader::open(FileSystem& files,
                                                           const std::string& path,
                                                           std::optional<uint64_t> number) {
  KVHOST_TRY_ASSIGN(auto file, files.open_for_reading(path));
  KVHOST_TRY_ASSIGN(const uint64_t size, file->size());
  std::unique_ptr<SegmentReader> reader(new SegmentReader(path, std::move(file), size));
  KVHOST_TRY_ASSIGN(const std::string_view block, reader->view(0, kSegmentHeaderSize));
  Result<SegmentHeader> header = decode_segment_header(block);
  if (!header) return header.error().with_context(path);
  if (number.has_value() && header->number != *number) {
    return Status(StatusCode::CORRUPTION,
                  path + ": segment header at offset 16: " +
                      expected_found("segment number", *number, header->number));
  }
  reader->header_ = *header;
  return reader;
}

Result<std::string_view> SegmentReader::view(uint64_t offset, uint64_t length) {
  if (offset >= file_bytes_) return std::string_view();
  length = std::min(length, file_bytes_ - offset);
  const bool inside =
      offset >= window_offset_ && offset + length <= window_offset_ + window_.size();
  if (!inside) {
    // `length` was checked against the file, so a lying record cannot ask for more than exists.
    window_.resize(std::min(std::max(length, kWindow), file_bytes_ - offset));
    window_offset_ = offset;
    Result<std::size_t> count = file_->read_at(offset, window_);
    if (count && *count == window_.size()) return std::string_view(window_).substr(0, length);
    // Half a window must not pass for the end of the log.
    const uint64_t wanted = window_.size();
    window_.clear();
    if (!count) return count.error();
    return Status(StatusCode::IO_ERROR, path_ + ": read at offset " + std::to_string(offset) +
                                            ": " + expected_found("bytes", wanted, *count));
  }
  const std::string_view window = window_;
  return window.substr(offset - window_offset_, length);
}

Result<SegmentEntry> SegmentReader::read(uint64_t offset) {
  SegmentEntry entry;
  entry.offset = offset;
  KVHOST_TRY_ASSIGN(const std::string_view raw, view(offset, kRecordHeaderSize));
  const auto record = decode_record_header(raw, {header_.number, offset}, header_.incarnation);
  if (!record) {
    const bool zeros = raw.find_first_not_of('\0') == std::string_view::npos;
    entry.problem =
        std::string("expected a record header, found ") + (raw.empty() ? "the end of the file"
                                                           : zeros     ? "zeros"
                                                                       : "other bytes");
    return entry;
  }
  entry.kind = record->kind;
  entry.bytes = record_size(record->length);
  entry.durable = record->durable;
  return read_body(std::move(entry), *record);
}

Result<SegmentEntry> SegmentReader::read_body(SegmentEntry entry, const RecordHeader& record) {
  entry.state = SegmentEntry::State::kTorn;
  const uint64_t room = file_bytes_ - entry.offset;
  if (entry.bytes > room) {
    entry.problem = expected_found("a record of at most", room, entry.bytes) + " bytes";
    return entry;
  }
  const uint64_t length = kRecordHeaderSize + record.length;
  KVHOST_TRY_ASSIGN(const std::string_view whole, view(entry.offset, length));
  const uint64_t found =
      record_checksum(whole, {header_.number, entry.offset}, header_.incarnation);
  if (found != record.checksum) {
    entry.problem = expected_found("checksum", record.checksum, found);
    return entry;
  }
  entry.state = SegmentEntry::State::kGood;
  entry.payload = whole.substr(kRecordHeaderSize);
  return entry;
}

Result<std::optional<SegmentEntry>> SegmentReader::find_good(uint64_t offset) {
  for (; offset + kRecordHeaderSize <= file_bytes_; offset += kRecordAlignment) {
    KVHOST_TRY_ASSIGN(const std::string_view raw, view(offset, kRecordHeaderSize));
    if (!decode_record_header(raw, {header_.number, offset}, header_.incarnation)) continue;
    KVHOST_TRY_ASSIGN(SegmentEntry entry, read(offset));
    if (entry.good()) return std::optional<SegmentEntry>(std::move(entry));
  }
  return std::optional<SegmentEntry>();
}

}  // namespace kvhost::engine
