#include "kvhost/engine/inspect_manifest.hpp"

#include "version/manifest_reader.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {

Result<ManifestListing> inspect_manifest(FileSystem& files, const std::string& path) {
  ManifestListing listing;
  listing.path = path;
  KVHOST_TRY_ASSIGN(listing.bytes, files.file_size(path));
  auto reader = ManifestReader::open(files, path);
  if (!reader) {
    if (reader.error().code() != StatusCode::CORRUPTION) return reader.error();
    listing.damage = reader.error();
    return listing;
  }
  listing.format_version = (*reader)->header().format;
  listing.comparator = (*reader)->header().comparator;
  listing.number = (*reader)->header().number;
  while (true) {
    const auto next = (*reader)->next();
    if (!next) {
      if (next.error().code() != StatusCode::CORRUPTION) return next.error();
      listing.damage = next.error();
      break;
    }
    if (!next->has_value()) break;
    const ManifestReader::Record& found = **next;
    const auto edit = VersionEdit::decode(found.payload);
    if (!edit) {
      listing.damage =
          edit.error().with_context(path + " at offset " + std::to_string(found.offset));
      break;
    }
    listing.records.push_back(
        {found.offset, kManifestRecordHeader + found.payload.size(), edit->describe()});
  }
  listing.torn_bytes = (*reader)->torn_bytes();
  return listing;
}

}  // namespace kvhost::engine
