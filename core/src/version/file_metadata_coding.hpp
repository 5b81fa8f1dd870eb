// FileMetadata as it lies in the MANIFEST.
//
// Threads:   any.
// Format:    docs/formats/manifest.md
#pragma once

#include <string>

#include "base/coding.hpp"
#include "kvhost/result.hpp"
#include "version/file_metadata.hpp"

namespace kvhost::engine {

void append_file_metadata(std::string& out, const FileMetadata& metadata);
// CORRUPTION when a figure contradicts another or bytes are missing.
Result<FileMetadata> decode_file_metadata(Decoder& in);

}  // namespace kvhost::engine
