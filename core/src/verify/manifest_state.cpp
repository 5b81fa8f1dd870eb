#include "verify/manifest_state.hpp"

#include "version/database_directory.hpp"
#include "version/file_names.hpp"
#include "version/manifest_reader.hpp"
#include "version/version_builder.hpp"

namespace kvhost::engine {

namespace {

Status damaged(const std::string& path, const std::string& what) {
  return {StatusCode::CORRUPTION, path + what};
}

// Applies the records one by one; the first that cannot be read or applied ends it.
Status read_records(ManifestReader& reader, ManifestState& into) {
  const auto obsolete = std::make_shared<ObsoleteFiles>();
  while (true) {
    KVHOST_TRY_ASSIGN(const auto record, reader.next());
    if (!record) break;
    const std::string place = into.path + " at offset " + std::to_string(record->offset);
    const auto edit = VersionEdit::decode(record->payload);
    if (!edit) return edit.error().with_context(place);
    auto applied = apply_edit(*into.version, *edit, obsolete);
    if (!applied) return applied.error().with_context(place);
    into.version = std::move(applied->version);
    into.state.apply(*edit);
    ++into.records;
  }
  if (into.records > 0) return Status::ok();
  return damaged(into.path, " at offset " + std::to_string(reader.header().bytes) +
                                ": expected a first record, found none that is whole");
}

bool is_damage(const Status& status) {
  return status.code() == StatusCode::CORRUPTION || status.code() == StatusCode::FORMAT_UNSUPPORTED;
}

}  // namespace

Status check_is_database(FileSystem& files, const std::string& directory) {
  KVHOST_TRY_ASSIGN(const bool there, files.exists(directory));
  if (there) {
    KVHOST_TRY_ASSIGN(const auto names, files.list(directory));
    for (const std::string& name : names) {
      if (name == kCurrentName || name == kTablesDirectory || parse_manifest_name(name)) {
        return Status::ok();
      }
    }
  }
  return {StatusCode::INVALID_ARGUMENT,
          directory + ": expected a database, found no CURRENT, MANIFEST or " +
              std::string(kTablesDirectory) + "; name the data_dir of a node"};
}

Result<ManifestState> read_manifest_state(FileSystem& files, const std::string& directory) {
  ManifestState result;
  const auto finish = [&](const std::string& file, const Status& failure) -> Result<ManifestState> {
    if (!failure.is_ok() && !is_damage(failure)) return failure;
    if (!failure.is_ok()) result.damaged_file = file;
    result.damage = failure;
    return std::move(result);
  };
  const std::string current = current_path(directory);
  KVHOST_TRY_ASSIGN(const bool has_current, files.exists(current));
  if (!has_current) return finish(current, damaged(current, ": expected a file, found none"));
  const auto number = read_current(files, directory);
  if (!number) return finish(current, number.error());
  result.path = manifest_path(directory, *number);
  KVHOST_TRY_ASSIGN(const bool has_manifest, files.exists(result.path));
  if (!has_manifest) {
    return finish(current, damaged(current, " names " + manifest_name(*number) +
                                                ": expected that file, found none"));
  }
  const auto reader = ManifestReader::open(files, result.path);
  if (!reader) return finish(result.path, reader.error());
  if ((*reader)->header().number != *number) {
    return finish(
        result.path,
        damaged(result.path, " at offset 16: expected the number " + std::to_string(*number) +
                                 ", found " + std::to_string((*reader)->header().number)));
  }
  return finish(result.path, read_records(**reader, result));
}

}  // namespace kvhost::engine
