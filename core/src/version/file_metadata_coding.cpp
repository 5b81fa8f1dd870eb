#include "version/file_metadata_coding.hpp"

#include <string_view>

namespace kvhost::engine {
namespace {

Status malformed(uint64_t number, std::string_view what) {
  return {StatusCode::CORRUPTION,
          "malformed entry of table " + std::to_string(number) + ": " + std::string(what)};
}

// Figures that no writer produces: they would send readers astray later.
Status check(const FileMetadata& file) {
  if (file.number == 0) return malformed(0, "expected a number above 0");
  if (file.range.ends_before(file.range.smallest)) {
    return malformed(file.number, "expected the largest key at or after the smallest");
  }
  if (file.entries == 0 && file.range_deletes == 0) {
    return malformed(file.number, "expected records or range tombstones, found neither");
  }
  if (file.tombstones > file.entries || file.ttl_entries > file.entries ||
      file.distinct_keys > file.entries) {
    return malformed(file.number, "expected no count above that of the entries");
  }
  if (file.min_sequence > file.max_sequence || file.max_sequence > kMaxSequence) {
    return malformed(file.number, "expected sequence numbers in order and below 2^56");
  }
  if (file.min_expires_at_ms > file.max_expires_at_ms) {
    return malformed(file.number, "expected the earliest expiry at or before the latest");
  }
  return {};
}

}  // namespace

void append_file_metadata(std::string& out, const FileMetadata& metadata) {
  append_varint64(out, metadata.number);
  append_fixed64(out, metadata.identity.high);
  append_fixed64(out, metadata.identity.low);
  append_varint64(out, metadata.bytes);
  append_length_prefixed(out, metadata.range.smallest);
  append_length_prefixed(out, metadata.range.largest);
  out.push_back(metadata.range.largest_is_exclusive ? 1 : 0);
  append_varint64(out, metadata.min_sequence);
  append_varint64(out, metadata.max_sequence);
  append_varint64(out, metadata.entries);
  append_varint64(out, metadata.tombstones);
  append_varint64(out, metadata.range_deletes);
  append_varint64(out, metadata.distinct_keys);
  append_varint64(out, metadata.ttl_entries);
  append_varint64(out, metadata.min_expires_at_ms);
  append_varint64(out, metadata.max_expires_at_ms);
  append_varint64(out, metadata.raw_bytes);
  append_fixed64(out, metadata.entries_hash);
  append_varint64(out, metadata.created_at_ms);
  out.push_back(static_cast<char>(metadata.codec));
}

Result<FileMetadata> decode_file_metadata(Decoder& in) {
  FileMetadata file;
  file.number = in.varint64();
  file.identity.high = in.fixed64();
  file.identity.low = in.fixed64();
  file.bytes = in.varint64();
  file.range.smallest = in.length_prefixed();
  file.range.largest = in.length_prefixed();
  const uint8_t exclusive = in.fixed8();
  file.range.largest_is_exclusive = exclusive == 1;
  file.min_sequence = in.varint64();
  file.max_sequence = in.varint64();
  file.entries = in.varint64();
  file.tombstones = in.varint64();
  file.range_deletes = in.varint64();
  file.distinct_keys = in.varint64();
  file.ttl_entries = in.varint64();
  file.min_expires_at_ms = in.varint64();
  file.max_expires_at_ms = in.varint64();
  file.raw_bytes = in.varint64();
  file.entries_hash = in.fixed64();
  file.created_at_ms = in.varint64();
  const uint8_t codec = in.fixed8();
  file.codec = static_cast<Codec>(codec);
  if (!in.ok()) return malformed(file.number, "the bytes end early");
  if (exclusive > 1) return malformed(file.number, "expected 0 or 1 for the exclusive end");
  if (codec > static_cast<uint8_t>(Codec::kZstd)) {
    return Status(StatusCode::FORMAT_UNSUPPORTED, "table " + std::to_string(file.number) +
                                                      " has codec " + std::to_string(codec) +
                                                      ", which this program does not know");
  }
  KVHOST_TRY(check(file));
  return file;
}

}  // namespace kvhost::engine
