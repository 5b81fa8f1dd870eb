// What a MANIFEST says, record by record, for `kvctl inspect manifest`.
//
// Threads:   any; the file may be in use.
// Errors:    IO_ERROR, FORMAT_UNSUPPORTED. Damage is part of the answer, not an error.
// Format:    docs/formats/manifest.md
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

struct ManifestRecord {
  uint64_t offset = 0;
  // Of the record, its header included, bytes.
  uint64_t bytes = 0;
  // One line per field: `last_sequence 17`.
  std::vector<std::string> fields;
};

struct ManifestListing {
  std::string path;
  uint32_t format_version = 0;
  std::string comparator;
  uint64_t number = 0;
  uint64_t bytes = 0;
  std::vector<ManifestRecord> records;
  // Bytes of a torn record at the end, as a crash leaves it.
  uint64_t torn_bytes = 0;
  // OK, or the damage that ends the listing.
  Status damage;
};

Result<ManifestListing> inspect_manifest(FileSystem& files, const std::string& path);

}  // namespace kvhost::engine
