#include "log/log_format.hpp"

#include <charconv>

#include "base/assert.hpp"
#include "base/coding.hpp"
#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

constexpr uint64_t kHeaderChecksumOffset = kSegmentHeaderSize - 8;
constexpr std::string_view kSegmentSuffix = ".log";
constexpr std::size_t kSegmentDigits = 6;

// Field offsets inside a record's header.
constexpr std::size_t kCheckAt = 8;
constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kKindAt = 16;
constexpr std::size_t kSegmentsBackAt = 18;
constexpr std::size_t kDurableAt = 20;
constexpr uint16_t kTooFarBack = UINT16_MAX;

uint64_t record_seed(LogPosition at, uint64_t incarnation) { return incarnation ^ at.offset; }

// Vouches for the length before anything relies on it, and lets a search for records skip over
// anything else without hashing payloads.
uint32_t header_check(const char* header, LogPosition at, uint64_t incarnation) {
  const std::string_view fields(header + kLengthAt, kRecordHeaderSize - kLengthAt);
  return static_cast<uint32_t>(checksum64(fields, record_seed(at, incarnation)) >> 32);
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string block;
  block.reserve(kSegmentHeaderSize);
  block.append(kSegmentMagic);
  append_fixed32(block, kSegmentVersion);
  append_fixed32(block, static_cast<uint32_t>(kSegmentHeaderSize));
  append_fixed64(block, header.number);
  append_fixed64(block, header.incarnation);
  append_fixed64(block, header.previous_end.segment);
  append_fixed64(block, header.previous_end.offset);
  append_fixed64(block, header.previous_incarnation);
  append_fixed64(block, header.durable.segment);
  append_fixed64(block, header.durable.offset);
  block.resize(kHeaderChecksumOffset, '\0');
  append_fixed64(block, checksum64(block));
  return block;
}

Result<SegmentHeader> decode_segment_header(std::string_view block) {
  if (block.size() < kSegmentHeaderSize) {
    return Status(StatusCode::CORRUPTION, "segment header: expected " +
                                              std::to_string(kSegmentHeaderSize) +
                                              " bytes, found " + std::to_string(block.size()));
  }
  block = block.substr(0, kSegmentHeaderSize);
  Decoder decoder(block);
  if (decoder.bytes(kSegmentMagic.size()) != kSegmentMagic) {
    return Status(StatusCode::CORRUPTION,
                  "segment header at offset 0: expected the magic KVHOSTWL, found other bytes");
  }
  const uint32_t version = decoder.fixed32();
  const uint64_t found = checksum64(block.substr(0, kHeaderChecksumOffset));
  const uint64_t expected = load_fixed64(block.data() + kHeaderChecksumOffset);
  // A later version may keep its checksum elsewhere, so the version is judged first.
  if (version != kSegmentVersion) {
    return Status(StatusCode::FORMAT_UNSUPPORTED,
                  "segment header at offset 8: expected format version " +
                      std::to_string(kSegmentVersion) + ", found " + std::to_string(version));
  }
  if (found != expected) {
    return Status(StatusCode::CORRUPTION, "segment header at offset 0: expected checksum " +
                                              std::to_string(expected) + ", found " +
                                              std::to_string(found));
  }
  decoder.skip(4);
  SegmentHeader header;
  header.number = decoder.fixed64();
  header.incarnation = decoder.fixed64();
  header.previous_end.segment = decoder.fixed64();
  header.previous_end.offset = decoder.fixed64();
  header.previous_incarnation = decoder.fixed64();
  header.durable.segment = decoder.fixed64();
  header.durable.offset = decoder.fixed64();
  return header;
}

void append_record(std::string& out, RecordKind kind, std::string_view payload, LogPosition at,
                   uint64_t incarnation, LogPosition durable) {
  KVHOST_ASSERT(at.offset % kRecordAlignment == 0, "records are aligned");
  const std::size_t start = out.size();
  const uint64_t back = at.segment - durable.segment;
  const bool near = back < kTooFarBack;
  out.append(kRecordHeaderSize, '\0');
  out.append(payload);
  char* const header = out.data() + start;
  store_fixed32(header + kLengthAt, static_cast<uint32_t>(payload.size()));
  header[kKindAt] = static_cast<char>(kind);
  store_fixed16(header + kSegmentsBackAt, near ? static_cast<uint16_t>(back) : kTooFarBack);
  store_fixed32(header + kDurableAt,
                near ? static_cast<uint32_t>(durable.offset / kRecordAlignment) : 0);
  store_fixed32(header + kCheckAt, header_check(header, at, incarnation));
  store_fixed64(header, record_checksum(std::string_view(out).substr(start), at, incarnation));
  out.resize(start + record_size(payload.size()), '\0');
}

std::optional<RecordHeader> decode_record_header(std::string_view bytes, LogPosition at,
                                                 uint64_t incarnation) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  const char* const raw = bytes.data();
  if (load_fixed32(raw + kCheckAt) != header_check(raw, at, incarnation)) return std::nullopt;
  const auto kind = static_cast<RecordKind>(raw[kKindAt]);
  if (kind != RecordKind::kPayload && kind != RecordKind::kMark) return std::nullopt;
  RecordHeader header;
  header.kind = kind;
  header.checksum = load_fixed64(raw);
  header.length = load_fixed32(raw + kLengthAt);
  const uint16_t back = load_fixed16(raw + kSegmentsBackAt);
  if (back != kTooFarBack && back <= at.segment) {
    header.durable =
        LogPosition{at.segment - back, uint64_t{load_fixed32(raw + kDurableAt)} * kRecordAlignment};
  }
  return header;
}

uint64_t record_checksum(std::string_view record, LogPosition at, uint64_t incarnation) {
  return checksum64(record.substr(sizeof(uint64_t)), record_seed(at, incarnation));
}

std::string segment_file_name(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kSegmentDigits) digits.insert(0, kSegmentDigits - digits.size(), '0');
  return digits + std::string(kSegmentSuffix);
}

std::optional<uint64_t> parse_segment_file_name(std::string_view name) {
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  const std::string_view digits = name.substr(0, name.size() - kSegmentSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  // The writer's own spelling only: another one would be a second name for the same number.
  if (!whole || number == 0 || segment_file_name(number) != name) return std::nullopt;
  return number;
}

}  // namespace kvhost::engine
