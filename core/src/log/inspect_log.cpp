#include "kvhost/engine/inspect_log.hpp"

#include "log/segment_reader.hpp"

namespace kvhost::engine {
namespace {

LogSegmentInfo describe(const SegmentReader& segment) {
  const SegmentHeader& header = segment.header();
  LogSegmentInfo info;
  info.number = header.number;
  info.format_version = kSegmentVersion;
  info.incarnation = header.incarnation;
  info.file_bytes = segment.file_bytes();
  info.previous_segment = header.previous_end.segment;
  info.previous_end = header.previous_end.offset;
  info.durable_segment = header.durable.segment;
  info.durable_offset = header.durable.offset;
  return info;
}

LogEntryInfo describe(const SegmentEntry& entry) {
  LogEntryInfo info;
  info.state = entry.kind == RecordKind::kMark ? LogEntryState::kMark : LogEntryState::kRecord;
  info.offset = entry.offset;
  info.bytes = entry.bytes;
  info.payload = entry.payload;
  const LogPosition durable = entry.durable.value_or(LogPosition{});
  info.durable_segment = durable.segment;
  info.durable_offset = durable.offset;
  return info;
}

// The stretch from a bad record to the next good one, or to the end of the file.
LogEntryInfo describe_bad(const SegmentEntry& bad, std::optional<uint64_t> next_good,
                          uint64_t file_bytes) {
  LogEntryInfo info;
  const bool torn = bad.state == SegmentEntry::State::kTorn;
  info.state = next_good.has_value() ? LogEntryState::kDamaged
               : torn                ? LogEntryState::kTorn
                                     : LogEntryState::kEnd;
  info.offset = bad.offset;
  info.bytes = next_good.value_or(file_bytes) - bad.offset;
  info.problem = bad.problem;
  return info;
}

}  // namespace

std::string_view to_string(LogEntryState state) {
  switch (state) {
    case LogEntryState::kRecord:
      return "record";
    case LogEntryState::kMark:
      return "mark";
    case LogEntryState::kDamaged:
      return "damaged";
    case LogEntryState::kTorn:
      return "torn";
    case LogEntryState::kEnd:
      return "end";
  }
  return "unknown";
}

Result<LogSegmentInfo> inspect_log_segment(FileSystem& files, const std::string& path,
                                           const std::function<bool(const LogEntryInfo&)>& each) {
  KVHOST_TRY_ASSIGN(const auto segment, SegmentReader::open(files, path, std::nullopt));
  LogSegmentInfo info = describe(*segment);
  uint64_t offset = kSegmentHeaderSize;
  while (offset < segment->file_bytes()) {
    KVHOST_TRY_ASSIGN(const SegmentEntry entry, segment->read(offset));
    if (entry.good()) {
      if (entry.kind == RecordKind::kPayload) ++info.records;
      info.payload_bytes += entry.payload.size();
      if (!each(describe(entry))) break;
      offset = entry.end();
      continue;
    }
    KVHOST_TRY_ASSIGN(const auto next, segment->find_good(offset + kRecordAlignment));
    const auto next_offset = next ? std::optional(next->offset) : std::nullopt;
    const LogEntryInfo bad = describe_bad(entry, next_offset, segment->file_bytes());
    if (bad.state == LogEntryState::kDamaged) info.damaged_bytes += bad.bytes;
    if (!each(bad) || !next) break;
    offset = next->offset;
  }
  return info;
}

}  // namespace kvhost::engine
