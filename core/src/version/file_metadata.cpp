#include "version/file_metadata.hpp"

#include <algorithm>

namespace kvhost::engine {

FileMetadata FileMetadata::of_table(uint64_t number, const TableProperties& properties,
                                    uint64_t created_at_ms) {
  FileMetadata metadata;
  metadata.number = number;
  metadata.identity = properties.identity;
  metadata.bytes = properties.file_bytes;
  metadata.range = {properties.smallest_key, properties.largest_key,
                    properties.largest_is_exclusive};
  metadata.min_sequence = properties.min_sequence;
  metadata.max_sequence = properties.max_sequence;
  metadata.entries = properties.entries;
  metadata.tombstones = properties.tombstones;
  metadata.range_deletes = properties.range_tombstones;
  metadata.distinct_keys = properties.distinct_keys;
  metadata.ttl_entries = properties.expiring_entries;
  metadata.min_expires_at_ms = properties.min_expires_at_ms;
  metadata.max_expires_at_ms = properties.max_expires_at_ms;
  metadata.raw_bytes = properties.raw_key_bytes + properties.raw_value_bytes;
  metadata.entries_hash = properties.entries_hash;
  metadata.created_at_ms = created_at_ms;
  metadata.codec = properties.codec;
  return metadata;
}

uint64_t FileMetadata::estimated_garbage_bytes(uint64_t now_ms) const {
  if (entries == 0) return 0;
  const double shadowed = static_cast<double>(entries - std::min(entries, distinct_keys));
  double expired = 0;
  if (ttl_entries > 0 && now_ms >= min_expires_at_ms) {
    // Expiries are taken to be spread evenly between the earliest and the latest.
    const double span = static_cast<double>(max_expires_at_ms - min_expires_at_ms) + 1;
    const double gone = static_cast<double>(now_ms - min_expires_at_ms) + 1;
    expired = static_cast<double>(ttl_entries) * std::min(1.0, gone / span);
  }
  // A tombstone is garbage once it has met what it hides, which is garbage too.
  const double garbage = shadowed + expired + 2.0 * static_cast<double>(tombstones);
  const double share = std::min(1.0, garbage / static_cast<double>(entries));
  return static_cast<uint64_t>(share * static_cast<double>(bytes));
}

}  // namespace kvhost::engine
