#include "backup/checkpoint.hpp"

#include <vector>

#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

struct State {
  VersionPtr version;
  VersionState kept;
};

// A Version and what the MANIFEST keeps beside it, of the same moment.
State pin_state(const VersionSet& versions) {
  while (true) {
    const uint64_t generation = versions.generation();
    State state{versions.current(), versions.state()};
    if (versions.generation() == generation) return state;
  }
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Files of a directory and the directory itself; one level of subdirectories, as a database has.
Status remove_tree(FileSystem& files, const std::string& directory) {
  for (const std::string& name : {std::string(kTablesDirectory), std::string(kLogDirectory)}) {
    const std::string inner = directory + "/" + name;
    KVHOST_TRY_ASSIGN(const bool is_there, files.exists(inner));
    if (!is_there) continue;
    KVHOST_TRY_ASSIGN(const std::vector<std::string> names, files.list(inner));
    for (const std::string& one : names) KVHOST_TRY(files.remove(inner + "/" + one));
    KVHOST_TRY(files.remove_directory(inner));
  }
  KVHOST_TRY_ASSIGN(const std::vector<std::string> names, files.list(directory));
  for (const std::string& one : names) KVHOST_TRY(files.remove(directory + "/" + one));
  return files.remove_directory(directory);
}

Status fill(FileSystem& files, const VersionSet& versions, const std::string& directory) {
  const State state = pin_state(versions);
  KVHOST_TRY(files.create_directories(tables_path(directory)));
  Status linked;
  state.version->for_each_file([&](const SortedRun&, const TableFilePtr& file) {
    if (!linked.is_ok()) return;
    linked = files.link(table_path(versions.directory(), file->number()),
                        table_path(directory, file->number()));
  });
  KVHOST_TRY(std::move(linked));
  VersionState kept = state.kept;
  // The copy begins a log of its own.
  kept.log_start = {};
  kept.log_durable = {};
  return write_database_manifest(files, directory, *state.version, kept);
}

}  // namespace

Status write_checkpoint(FileSystem& files, const VersionSet& versions,
                        const std::string& directory) {
  KVHOST_TRY_ASSIGN(const bool exists, files.exists(directory));
  if (exists) {
    return {StatusCode::CONFLICT,
            "the checkpoint's directory exists already: " + directory + "; choose another name"};
  }
  const std::string partial = directory + ".tmp";
  KVHOST_TRY_ASSIGN(const bool has_partial, files.exists(partial));
  if (has_partial) KVHOST_TRY(remove_tree(files, partial));

  const auto make = [&]() -> Status {
    KVHOST_TRY(fill(files, versions, partial));
    KVHOST_TRY(files.sync_directory(partial));
    KVHOST_TRY(files.rename(partial, directory));
    return files.sync_directory(parent_of(directory));
  };
  Status made = make();
  if (!made) {
    if (const auto left = files.exists(partial); left && *left) {
      static_cast<void>(remove_tree(files, partial));
    }
    return made.with_context("checkpoint " + directory);
  }
  return Status::ok();
}

}  // namespace kvhost::engine
