#include "journal/journal_format.hpp"

#include "base/coding.hpp"
#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

Status damaged(const std::string& what) { return {StatusCode::CORRUPTION, what}; }

}  // namespace

void append_journal_record(std::string& out, const JournalRecord& record) {
  out.push_back(static_cast<char>(record.type));
  append_fixed64(out, record.index);
  if (record.type != JournalRecordType::kEntry) return;
  append_fixed64(out, record.term);
  out.append(record.payload);
}

Result<JournalRecord> decode_journal_record(std::string_view bytes) {
  Decoder decoder(bytes);
  JournalRecord record;
  const uint8_t type = decoder.fixed8();
  record.index = decoder.fixed64();
  const bool is_entry = type == static_cast<uint8_t>(JournalRecordType::kEntry);
  if (is_entry) record.term = decoder.fixed64();
  const std::size_t smallest = is_entry ? kJournalEntryHead : kJournalIndexRecordBytes;
  if (!decoder.ok()) {
    return damaged("journal record: expected at least " + std::to_string(smallest) +
                   " bytes, found " + std::to_string(bytes.size()));
  }
  if (type < 1 || type > static_cast<uint8_t>(JournalRecordType::kCut)) {
    return damaged("journal record: expected type 1, 2 or 3, found " + std::to_string(type));
  }
  record.type = static_cast<JournalRecordType>(type);
  record.payload = decoder.bytes(decoder.remaining());
  if (is_entry || record.payload.empty()) return record;
  return damaged("journal record of type " + std::to_string(type) + ": expected " +
                 std::to_string(smallest) + " bytes, found " + std::to_string(bytes.size()));
}

std::string encode_journal_meta(const JournalMeta& meta) {
  std::string bytes(kJournalMetaMagic);
  append_fixed32(bytes, kJournalMetaVersion);
  append_fixed32(bytes, static_cast<uint32_t>(meta.values.size()));
  append_fixed64(bytes, meta.first);
  append_fixed64(bytes, meta.start.segment);
  append_fixed64(bytes, meta.start.offset);
  for (const auto& [name, value] : meta.values) {
    append_length_prefixed(bytes, name);
    append_length_prefixed(bytes, value);
  }
  append_fixed64(bytes, checksum64(bytes));
  return bytes;
}

Result<JournalMeta> decode_journal_meta(std::string_view bytes) {
  constexpr std::size_t kChecksumBytes = 8;
  Decoder head(bytes);
  if (head.bytes(kJournalMetaMagic.size()) != kJournalMetaMagic) {
    return damaged("offset 0: expected the magic KVHOSTJM, found other bytes");
  }
  const uint32_t version = head.fixed32();
  if (head.ok() && version != kJournalMetaVersion) {
    return Status(StatusCode::FORMAT_UNSUPPORTED, "offset 8: expected format version " +
                                                      std::to_string(kJournalMetaVersion) +
                                                      ", found " + std::to_string(version));
  }
  if (!head.ok() || head.remaining() < kChecksumBytes) {
    return damaged("expected a head and a checksum, found " + std::to_string(bytes.size()) +
                   " bytes");
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  const uint64_t expected = load_fixed64(bytes.data() + body.size());
  if (const uint64_t found = checksum64(body); found != expected) {
    return damaged("expected checksum " + std::to_string(expected) + ", found " +
                   std::to_string(found));
  }
  Decoder decoder(body);
  decoder.skip(head.position());
  JournalMeta meta;
  const uint32_t count = decoder.fixed32();
  meta.first = decoder.fixed64();
  meta.start.segment = decoder.fixed64();
  meta.start.offset = decoder.fixed64();
  for (uint32_t i = 0; i < count && decoder.ok(); ++i) {
    const std::string_view name = decoder.length_prefixed();
    meta.values[std::string(name)] = decoder.length_prefixed();
  }
  if (decoder.finished() && meta.values.size() == count) return meta;
  return damaged("offset " + std::to_string(decoder.position()) + ": expected " +
                 std::to_string(count) + " values and no more, found other bytes");
}

}  // namespace kvhost::engine
