// The frame of a MANIFEST: a header, then records. What a record says is VersionEdit's business.
//
// Threads:   any.
// Format:    docs/formats/manifest.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::engine {

inline constexpr std::string_view kManifestMagic = "kvhmanif";
inline constexpr uint32_t kManifestFormat = 1;
// How keys are ordered; a database made with another order cannot be opened.
inline constexpr std::string_view kComparatorName = "kvhost.bytewise";
// Of the header without the comparator's name and the checksum.
inline constexpr std::size_t kManifestFixedHeader = 24;
inline constexpr std::size_t kMaxComparatorName = 64;
inline constexpr std::size_t kMaxManifestHeader = kManifestFixedHeader + kMaxComparatorName + 8;

// length u32, check of the length u32, checksum of the payload u64.
inline constexpr std::size_t kManifestRecordHeader = 16;
// A disk writes sectors of this size (or more) whole or not at all.
inline constexpr uint64_t kManifestSector = 512;

struct ManifestHeader {
  uint32_t format = kManifestFormat;
  std::string comparator = std::string(kComparatorName);
  uint64_t number = 0;
  // Where the first record begins.
  uint64_t bytes = 0;
};

std::string encode_manifest_header(uint64_t number);
// `bytes` are the first kMaxManifestHeader bytes of the file, or all there are. CORRUPTION and
// FORMAT_UNSUPPORTED name `path`.
Result<ManifestHeader> decode_manifest_header(std::string_view bytes, const std::string& path);

// The header of a record that begins at `offset` of MANIFEST number `manifest`.
std::string encode_record_header(std::string_view payload, uint64_t manifest, uint64_t offset);
uint32_t record_length_check(uint32_t length, uint64_t manifest, uint64_t offset);
uint64_t record_checksum(std::string_view payload, uint64_t manifest, uint64_t offset);

}  // namespace kvhost::engine
