// The figures of one table, written in it and kept for it in the MANIFEST.
#pragma once

#include <cstdint>
#include <string>

#include "format/codec.hpp"
#include "format/file_identity.hpp"
#include "format/record.hpp"

namespace kvhost::engine {

struct TableProperties {
  FileIdentity identity;
  Codec codec = Codec::kNone;
  // Records, tombstones included, range tombstones not.
  uint64_t entries = 0;
  uint64_t tombstones = 0;
  uint64_t range_tombstones = 0;
  // Different keys among the records.
  uint64_t distinct_keys = 0;
  // Of the records, as given.
  uint64_t raw_key_bytes = 0;
  uint64_t raw_value_bytes = 0;
  uint64_t data_blocks = 0;
  // Stored bytes of the data blocks.
  uint64_t data_bytes = 0;
  uint64_t file_bytes = 0;
  // Range tombstones included.
  SequenceNumber min_sequence = 0;
  SequenceNumber max_sequence = 0;
  // Engine keys; every record and range tombstone lies between them.
  std::string smallest_key;
  std::string largest_key;
  // True when largest_key is only the (exclusive) end of a range tombstone.
  bool largest_is_exclusive = false;
  // Records with an expiry, the earliest and the latest of them.
  uint64_t expiring_entries = 0;
  uint64_t min_expires_at_ms = 0;
  uint64_t max_expires_at_ms = 0;
  // Sum of record_hash() over the records, modulo 2^64.
  uint64_t entries_hash = 0;

  bool empty() const { return entries == 0 && range_tombstones == 0; }
  friend bool operator==(const TableProperties&, const TableProperties&) = default;
};

}  // namespace kvhost::engine
