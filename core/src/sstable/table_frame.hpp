// The fixed ends of a table file: the header that names the format, the footer that says where
// everything lies.
//
// Errors:    CORRUPTION, FORMAT_UNSUPPORTED; messages name path, offset, expected and found.
// Format:    docs/formats/sstable.md, "Header" and "Footer"
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/file_identity.hpp"
#include "kvhost/result.hpp"
#include "sstable/block_envelope.hpp"

namespace kvhost::engine {

inline constexpr uint32_t kTableFormatVersion = 1;
inline constexpr std::size_t kTableHeaderBytes = 64;
inline constexpr std::size_t kTableFooterBytes = 128;

std::string encode_table_header(const FileIdentity& identity);
// The identity that the header states. `bytes` are the first kTableHeaderBytes of the file.
Result<FileIdentity> decode_table_header(std::string_view bytes, const std::string& path);

struct TableFooter {
  FileIdentity identity;
  // Size 0: there is none.
  BlockHandle filter;
  BlockHandle range_tombstones;
  BlockHandle fences;
  BlockHandle properties;
  // Where the last data block ends.
  uint64_t data_end = 0;
  uint64_t file_size = 0;

  std::string encode() const;
  // `bytes` are the last kTableFooterBytes of a file of `file_size` bytes.
  static Result<TableFooter> decode(std::string_view bytes, uint64_t file_size,
                                    const std::string& path);
};

}  // namespace kvhost::engine
