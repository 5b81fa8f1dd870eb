// Looks into one table file, for `kvctl inspect sst` and other tools. Reads only that file.
//
// Threads:   any.
// Errors:    CORRUPTION (names file, offset, expected, found), FORMAT_UNSUPPORTED, IO_ERROR.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// One block of the file, in file order. `kind`: data, filter, range-tombstones, fences, properties.
struct InspectedBlock {
  std::string kind;
  uint64_t offset = 0;
  uint64_t stored_bytes = 0;
  uint64_t raw_bytes = 0;
  std::string codec;
  // Records of a data block, else 0.
  uint64_t entries = 0;
  // Engine keys; empty but for data blocks.
  std::string first_key;
  std::string last_key;
};

struct InspectedRangeTombstone {
  std::string start;
  std::string end;  // exclusive
  uint64_t sequence = 0;
};

struct InspectedTable {
  std::string identity;
  uint32_t format_version = 0;
  std::string codec;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  uint64_t distinct_keys = 0;
  uint64_t raw_key_bytes = 0;
  uint64_t raw_value_bytes = 0;
  uint64_t data_blocks = 0;
  uint64_t data_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t min_sequence = 0;
  uint64_t max_sequence = 0;
  std::string smallest_key;
  std::string largest_key;
  bool largest_is_exclusive = false;
  uint64_t expiring_entries = 0;
  uint64_t min_expires_at_ms = 0;
  uint64_t max_expires_at_ms = 0;
  uint64_t entries_hash = 0;
  std::vector<InspectedBlock> blocks;
  std::vector<InspectedRangeTombstone> range_tombstones;
};

// Keys are engine keys (see user_key_of in the sources: the first byte, or five, is the space).
struct InspectedRecord {
  std::string_view key;
  std::string_view value;
  uint64_t sequence = 0;
  uint64_t expires_at_ms = 0;
  bool is_tombstone = false;
};

struct InspectTableOptions {
  // Called for every record in order until it returns false; may be empty.
  std::function<bool(const InspectedRecord&)> on_record;
  // Also checks the whole file (see TableReader::verify_all).
  bool verify = false;
};

Result<InspectedTable> inspect_table(FileSystem& file_system, const std::string& path,
                                     const InspectTableOptions& options = {});

}  // namespace kvhost::engine
