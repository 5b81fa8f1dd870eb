// The bytes of a segment file: its header, its records, its name.
//
// Threads:   any.
// Errors:    decode_segment_header(): CORRUPTION, FORMAT_UNSUPPORTED, worded without the file's
// path. Format:    docs/formats/wal.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"
#include "log/log_position.hpp"

namespace kvhost::engine {

inline constexpr std::string_view kSegmentMagic = "KVHOSTWL";
inline constexpr uint32_t kSegmentVersion = 1;
// One block; the first record follows it.
inline constexpr uint64_t kSegmentHeaderSize = 4096;
inline constexpr uint64_t kRecordHeaderSize = 24;
inline constexpr uint64_t kRecordAlignment = 8;

// What a segment says about itself and the log before it.
struct SegmentHeader {
  uint64_t number = 0;
  // Drawn anew each time a file begins a life as a segment; seeds every checksum of its records.
  uint64_t incarnation = 0;
  // Where the log ended that this segment goes on from; segment 0: it is the first of its log.
  LogPosition previous_end;
  uint64_t previous_incarnation = 0;
  // How far the log was durable when this segment was begun.
  LogPosition durable;

  bool operator==(const SegmentHeader&) const = default;
};

std::string encode_segment_header(const SegmentHeader& header);
// `block` is the first kSegmentHeaderSize bytes of the file, or as many as there are.
Result<SegmentHeader> decode_segment_header(std::string_view block);

enum class RecordKind : uint8_t {
  kPayload = 1,
  kMark = 2,  // the log's own: states a durable position; its payload means nothing
};

// The fixed part of a record whose own check has been verified.
struct RecordHeader {
  RecordKind kind = RecordKind::kPayload;
  uint64_t checksum = 0;
  uint64_t length = 0;  // of the payload
  // The durable position known when the record was written; nullopt when it was too far back.
  std::optional<LogPosition> durable;
};

// Bytes that a record with this payload takes up in the file.
constexpr uint64_t record_size(uint64_t payload) {
  return (kRecordHeaderSize + payload + kRecordAlignment - 1) & ~(kRecordAlignment - 1);
}

// Appends a whole record that will lie at `at` in the segment with this incarnation.
void append_record(std::string& out, RecordKind kind, std::string_view payload, LogPosition at,
                   uint64_t incarnation, LogPosition durable);
// Nullopt when the bytes are no record header written at `at` in this incarnation.
std::optional<RecordHeader> decode_record_header(std::string_view bytes, LogPosition at,
                                                 uint64_t incarnation);
// The checksum that a record at `at` should carry; `record` begins with its header and ends with
// the payload, without padding.
uint64_t record_checksum(std::string_view record, LogPosition at, uint64_t incarnation);

// `000007.log`, at least six digits.
std::string segment_file_name(uint64_t number);
// Nullopt for every other name.
std::optional<uint64_t> parse_segment_file_name(std::string_view name);

}  // namespace kvhost::engine
