// What the MANIFEST says of one table.
//
// Threads:   a value.
// Format:    docs/formats/manifest.md
#pragma once

#include <cstdint>
#include <string>

#include "format/codec.hpp"
#include "format/file_identity.hpp"
#include "format/record.hpp"
#include "sstable/table_properties.hpp"
#include "version/key_range.hpp"

namespace kvhost::engine {

struct FileMetadata {
  uint64_t number = 0;
  FileIdentity identity;
  uint64_t bytes = 0;
  KeyRange range;
  SequenceNumber min_sequence = 0;
  SequenceNumber max_sequence = 0;
  // Records, tombstones included, range tombstones not.
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  uint64_t range_deletes = 0;
  uint64_t distinct_keys = 0;
  // Records with an expiry, the earliest and the latest of them.
  uint64_t ttl_entries = 0;
  uint64_t min_expires_at_ms = 0;
  uint64_t max_expires_at_ms = 0;
  // Keys and values before compression.
  uint64_t raw_bytes = 0;
  uint64_t entries_hash = 0;
  uint64_t created_at_ms = 0;
  Codec codec = Codec::kNone;

  // Of a table that TableBuilder::finish() has just written under `number`.
  static FileMetadata of_table(uint64_t number, const TableProperties& properties,
                               uint64_t created_at_ms);

  // Shadowed versions and tombstones with what they hide, as far as the figures tell, bytes.
  uint64_t estimated_garbage_bytes(uint64_t now_ms) const;

  friend bool operator==(const FileMetadata&, const FileMetadata&) = default;
};

}  // namespace kvhost::engine
