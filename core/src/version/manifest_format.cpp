#include "version/manifest_format.hpp"

#include "base/coding.hpp"
#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

// Seeds bind a record to its file and place: bytes of another MANIFEST never pass for this one's.
uint64_t record_seed(uint64_t manifest, uint64_t offset) { return (manifest << 32) ^ offset; }

std::string shown_bytes(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += (c >= 0x20 && c < 0x7F) ? c : '.';
  return text;
}

Status damaged(const std::string& path, uint64_t offset, const std::string& expected,
               const std::string& found) {
  return {StatusCode::CORRUPTION, path + " at offset " + std::to_string(offset) + ": expected " +
                                      expected + ", found " + found};
}

}  // namespace

std::string encode_manifest_header(uint64_t number) {
  std::string out(kManifestMagic);
  append_fixed32(out, kManifestFormat);
  append_fixed32(out, static_cast<uint32_t>(kComparatorName.size()));
  append_fixed64(out, number);
  out += kComparatorName;
  append_fixed64(out, checksum64(out));
  return out;
}

Result<ManifestHeader> decode_manifest_header(std::string_view bytes, const std::string& path) {
  Decoder in(bytes);
  const std::string_view magic = in.bytes(kManifestMagic.size());
  ManifestHeader header;
  header.format = in.fixed32();
  const uint32_t comparator_size = in.fixed32();
  header.number = in.fixed64();
  if (!in.ok()) {
    return damaged(path, 0, "a header of at least 24 bytes", std::to_string(bytes.size()));
  }
  if (magic != kManifestMagic) {
    return damaged(path, 0, "\"kvhmanif\"", '"' + shown_bytes(magic) + '"');
  }
  if (header.format != kManifestFormat) {
    return Status(StatusCode::FORMAT_UNSUPPORTED,
                  path + " at offset 8: expected format version 1, found " +
                      std::to_string(header.format) +
                      "; open it with the program version that wrote it");
  }
  if (comparator_size > kMaxComparatorName) {
    return damaged(path, 12, "a name of at most 64 bytes", std::to_string(comparator_size));
  }
  header.comparator = in.bytes(comparator_size);
  const uint64_t expected = checksum64(bytes.substr(0, in.position()));
  const uint64_t at = in.position();
  const uint64_t found = in.fixed64();
  if (!in.ok()) return damaged(path, 24, "the comparator's name and a checksum", "the end");
  if (found != expected) {
    return damaged(path, at, "the header's checksum " + std::to_string(expected),
                   std::to_string(found));
  }
  if (header.comparator != kComparatorName) {
    return Status(StatusCode::FORMAT_UNSUPPORTED,
                  path + " at offset 24: expected the key order \"kvhost.bytewise\", found \"" +
                      shown_bytes(header.comparator) +
                      "\"; open it with the program that wrote it");
  }
  header.bytes = in.position();
  return header;
}

uint32_t record_length_check(uint32_t length, uint64_t manifest, uint64_t offset) {
  char bytes[4];
  store_fixed32(bytes, length);
  return static_cast<uint32_t>(
      checksum64(std::string_view(bytes, sizeof bytes), record_seed(manifest, offset)));
}

uint64_t record_checksum(std::string_view payload, uint64_t manifest, uint64_t offset) {
  return checksum64(payload, record_seed(manifest, offset));
}

std::string encode_record_header(std::string_view payload, uint64_t manifest, uint64_t offset) {
  const auto length = static_cast<uint32_t>(payload.size());
  std::string out;
  append_fixed32(out, length);
  append_fixed32(out, record_length_check(length, manifest, offset));
  append_fixed64(out, record_checksum(payload, manifest, offset));
  return out;
}

}  // namespace kvhost::engine
