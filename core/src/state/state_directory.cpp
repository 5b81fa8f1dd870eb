#include "kvhost/engine/state_directory.hpp"

#include <algorithm>
#include <set>

#include "file/file_tree.hpp"
#include "file/whole_file.hpp"
#include "state/file_checksum.hpp"
#include "state/state_names.hpp"
#include "verify/manifest_state.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {
namespace {

constexpr uint64_t kMaxMarkerBytes = 4096;

bool is_checkpoint_file(std::string_view name) {
  if (name == kCurrentName || parse_manifest_name(name)) return true;
  const std::string tables = std::string(kTablesDirectory) + "/";
  return name.starts_with(tables) && parse_table_name(name.substr(tables.size())).has_value();
}

}  // namespace

Result<std::string> active_state_directory(FileSystem& files, const std::string& data_dir) {
  const std::string path = data_dir + "/" + std::string(kStateMarkerName);
  KVHOST_TRY_ASSIGN(const bool has_marker, files.exists(path));
  if (!has_marker) return data_dir;
  KVHOST_TRY_ASSIGN(const std::string bytes, read_whole_file(files, path, kMaxMarkerBytes));
  const auto name = decode_state_marker(bytes);
  if (!name) return name.error().with_context(path);
  return data_dir + "/" + *name;
}

Status activate_state(FileSystem& files, const std::string& data_dir, const std::string& state) {
  const std::string name = state.substr(state.find_last_of('/') + 1);
  return write_file_atomically(files, data_dir, std::string(kStateMarkerName),
                               encode_state_marker(name));
}

Status remove_first_state(FileSystem& files, const std::string& data_dir) {
  // The marker stands: nobody looks here any more.
  KVHOST_TRY(remove_file_tree(files, tables_path(data_dir)));
  KVHOST_TRY(remove_file_tree(files, log_path(data_dir)));
  KVHOST_TRY_ASSIGN(const auto names, files.list(data_dir));
  for (const std::string& name : names) {
    if (!parse_manifest_name(name) && name != kCurrentName) continue;
    KVHOST_TRY(files.remove(data_dir + "/" + name));
  }
  return Status::ok();
}

Status remove_other_states(FileSystem& files, const std::string& data_dir,
                           const std::string& active) {
  KVHOST_TRY_ASSIGN(const auto names, files.list(data_dir));
  const uint64_t current =
      parse_state_name(active.substr(active.find_last_of('/') + 1)).value_or(1);
  for (const std::string& name : names) {
    const std::string path = data_dir + "/" + name;
    const bool is_other = path != active && parse_state_name(name).has_value();
    // One that is to follow the active state may still be received to its end.
    const auto incoming = parse_incoming_name(name);
    const bool is_stale = incoming && *incoming != current + 1;
    if (is_other || is_stale || is_transfer_name(name)) KVHOST_TRY(remove_file_tree(files, path));
  }
  return active == data_dir ? Status::ok() : remove_first_state(files, data_dir);
}

Result<StateManifest> describe_state(FileSystem& files, const std::string& directory) {
  StateManifest manifest;
  KVHOST_TRY_ASSIGN(const ManifestState state, read_manifest_state(files, directory));
  if (!state.damage.is_ok()) return state.damage;
  manifest.position = state.state.replication;
  const auto add = [&](const std::string& name) -> Status {
    const std::string path = directory + "/" + name;
    KVHOST_TRY_ASSIGN(const uint64_t bytes, files.file_size(path));
    KVHOST_TRY_ASSIGN(const uint64_t checksum, file_checksum(files, path, bytes));
    manifest.files.push_back({name, bytes, checksum});
    return Status::ok();
  };
  KVHOST_TRY_ASSIGN(const auto tables, files.list(tables_path(directory)));
  for (const std::string& name : tables) {
    KVHOST_TRY(add(std::string(kTablesDirectory) + "/" + name));
  }
  KVHOST_TRY_ASSIGN(const auto names, files.list(directory));
  for (const std::string& name : names) {
    if (is_checkpoint_file(name)) KVHOST_TRY(add(name));
  }
  return manifest;
}

Status check_state_manifest(const StateManifest& manifest) {
  std::set<std::string_view> seen;
  for (const StateFile& file : manifest.files) {
    if (!is_checkpoint_file(file.name) || !seen.insert(file.name).second) {
      return {
          StatusCode::INVALID_ARGUMENT,
          "manifest of a checkpoint: expected names of a database's files, each once, found \"" +
              file.name.substr(0, 100) + "\""};
    }
  }
  if (seen.contains(kCurrentName)) return Status::ok();
  return {StatusCode::INVALID_ARGUMENT,
          "manifest of a checkpoint: expected a file CURRENT, found none"};
}

}  // namespace kvhost::engine
