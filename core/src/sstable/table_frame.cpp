#include "sstable/table_frame.hpp"

#include "base/coding.hpp"
#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

constexpr std::string_view kHeaderMagic("KVHTABLE", 8);
constexpr std::string_view kFooterMagic("ELBATHVK", 8);

Status check_version(uint32_t version, const std::string& path) {
  if (version == kTableFormatVersion) return Status::ok();
  return {StatusCode::FORMAT_UNSUPPORTED,
          path + ": table format version: " + expected_found(kTableFormatVersion, version)};
}

}  // namespace

std::string encode_table_header(const FileIdentity& identity) {
  std::string bytes(kHeaderMagic);
  append_fixed32(bytes, kTableFormatVersion);
  append_fixed32(bytes, kTableHeaderBytes);
  append_fixed64(bytes, identity.high);
  append_fixed64(bytes, identity.low);
  bytes.resize(kTableHeaderBytes - 8, '\0');
  append_fixed64(bytes, checksum64(bytes));
  return bytes;
}

Result<FileIdentity> decode_table_header(std::string_view bytes, const std::string& path) {
  Decoder decoder(bytes);
  if (decoder.bytes(kHeaderMagic.size()) != kHeaderMagic) {
    return table_corruption(path, 0,
                            "header has no table magic: expected " + std::string(kHeaderMagic));
  }
  KVHOST_TRY(check_version(decoder.fixed32(), path));
  const std::string_view summed = bytes.substr(0, kTableHeaderBytes - 8);
  const uint64_t expected = checksum64(summed);
  const uint64_t found = load_fixed64(bytes.data() + summed.size());
  if (expected != found) {
    return table_corruption(path, 0,
                            "header has a wrong checksum: " + expected_found_hex(expected, found));
  }
  decoder.skip(4);
  FileIdentity identity;
  identity.high = decoder.fixed64();
  identity.low = decoder.fixed64();
  return identity;
}

std::string TableFooter::encode() const {
  std::string bytes;
  for (const BlockHandle& handle : {filter, range_tombstones, fences, properties}) {
    append_fixed64(bytes, handle.offset);
    append_fixed64(bytes, handle.size);
  }
  append_fixed64(bytes, identity.high);
  append_fixed64(bytes, identity.low);
  append_fixed64(bytes, data_end);
  append_fixed64(bytes, file_size);
  append_fixed32(bytes, kTableFormatVersion);
  bytes.resize(kTableFooterBytes - 16, '\0');
  append_fixed64(bytes, checksum64(bytes));
  bytes.append(kFooterMagic);
  return bytes;
}

Result<TableFooter> TableFooter::decode(std::string_view bytes, uint64_t file_size,
                                        const std::string& path) {
  const uint64_t offset = file_size - kTableFooterBytes;
  const auto damaged = [&](const std::string& what) {
    return table_corruption(path, offset, "footer: " + what);
  };
  if (bytes.substr(kTableFooterBytes - 8) != kFooterMagic) {
    return damaged("no table magic: expected " + std::string(kFooterMagic) +
                   "; the file is cut off or no table");
  }
  KVHOST_TRY(check_version(load_fixed32(bytes.data() + 96), path));
  const std::string_view summed = bytes.substr(0, kTableFooterBytes - 16);
  const uint64_t expected = checksum64(summed);
  const uint64_t found = load_fixed64(bytes.data() + summed.size());
  if (expected != found) return damaged("wrong checksum: " + expected_found_hex(expected, found));
  Decoder decoder(bytes);
  TableFooter footer;
  for (BlockHandle* handle :
       {&footer.filter, &footer.range_tombstones, &footer.fences, &footer.properties}) {
    handle->offset = decoder.fixed64();
    handle->size = decoder.fixed64();
    if (handle->offset > offset || handle->size > offset - handle->offset) {
      return damaged("a block at " + std::to_string(handle->offset) + " of " +
                     std::to_string(handle->size) + " bytes does not lie before the footer");
    }
  }
  footer.identity.high = decoder.fixed64();
  footer.identity.low = decoder.fixed64();
  footer.data_end = decoder.fixed64();
  footer.file_size = decoder.fixed64();
  if (footer.file_size != file_size) {
    return damaged("file size: " + expected_found(footer.file_size, file_size));
  }
  if (footer.data_end < kTableHeaderBytes || footer.data_end > offset) {
    return damaged("end of the data: at most " + expected_found(offset, footer.data_end));
  }
  if (footer.fences.size == 0 || footer.properties.size == 0) {
    return damaged("fences or properties are missing");
  }
  return footer;
}

}  // namespace kvhost::engine
