#include "kvhost/engine/backup.hpp"

#include <algorithm>

#include "backup/checked_copy.hpp"
#include "file/file_tree.hpp"
#include "file/whole_file.hpp"
#include "log/log_format.hpp"
#include "verify/manifest_state.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

constexpr std::string_view kInfoName = "BACKUP";
constexpr uint64_t kMaxInfoBytes = uint64_t{64} << 20;

std::string info_path(const std::string& backup) { return backup + "/" + std::string(kInfoName); }

Result<BackupInfo> read_info(FileSystem& files, const std::string& backup) {
  const std::string path = info_path(backup);
  KVHOST_TRY_ASSIGN(const bool there, files.exists(path));
  if (!there) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  path + ": expected a backup, found no such file; name a backup's directory");
  }
  KVHOST_TRY_ASSIGN(const std::string text, read_whole_file(files, path, kMaxInfoBytes));
  return decode_backup_info(text, path);
}

// The files that make up the database in `source`, CURRENT last: a copy that breaks off is none.
Result<std::vector<std::string>> files_of(FileSystem& files, const std::string& source,
                                          const ManifestState& manifest) {
  std::vector<std::string> names;
  manifest.version->for_each_file([&](const SortedRun&, const TableFilePtr& file) {
    names.push_back(std::string(kTablesDirectory) + "/" + table_name(file->number()));
  });
  const std::string log = log_path(source);
  KVHOST_TRY_ASSIGN(const bool has_log, files.exists(log));
  if (has_log) {
    KVHOST_TRY_ASSIGN(const auto segments, files.list(log));
    for (const std::string& name : segments) {
      if (parse_segment_file_name(name)) names.push_back(std::string(kLogDirectory) + "/" + name);
    }
  }
  names.push_back(manifest.path.substr(manifest.path.rfind('/') + 1));
  names.emplace_back(kCurrentName);
  return names;
}

Status make_folders(FileSystem& files, const std::string& directory) {
  KVHOST_TRY(files.create_directories(tables_path(directory)));
  return files.create_directories(log_path(directory));
}

Status sync_folders(FileSystem& files, const std::string& directory) {
  KVHOST_TRY(files.sync_directory(tables_path(directory)));
  KVHOST_TRY(files.sync_directory(log_path(directory)));
  return files.sync_directory(directory);
}

// The new name is the last thing to appear.
Status publish(FileSystem& files, const std::string& partial, const std::string& path) {
  KVHOST_TRY(files.rename(partial, path));
  return files.sync_directory(parent_directory(path));
}

Status damaged(const VerifyReport& report, const std::string& what) {
  return {StatusCode::CORRUPTION, what + ": " + report.damage.front().problem};
}

Result<BackupInfo> fill(FileSystem& files, const std::string& source, const std::string& partial,
                        BackupInfo info) {
  KVHOST_TRY_ASSIGN(const ManifestState manifest, read_manifest_state(files, source));
  KVHOST_TRY(manifest.damage);
  KVHOST_TRY(make_folders(files, partial));
  KVHOST_TRY_ASSIGN(const auto names, files_of(files, source, manifest));
  for (const std::string& name : names) {
    KVHOST_TRY_ASSIGN(const CopiedBytes copied,
                      copy_counting(files, source + "/" + name, partial + "/" + name));
    info.files.push_back({name, copied.bytes, copied.checksum});
  }
  KVHOST_TRY(sync_folders(files, partial));
  KVHOST_TRY_ASSIGN(const VerifyReport report, verify_database(files, partial));
  if (!report.is_whole()) return damaged(report, "what was copied is damaged");
  info.last_sequence = report.last_sequence;
  KVHOST_TRY(
      write_file_atomically(files, partial, std::string(kInfoName), encode_backup_info(info)));
  return info;
}

// An empty directory makes room for the one that takes its name.
Status make_room(FileSystem& files, const std::string& data_dir) {
  KVHOST_TRY_ASSIGN(const bool there, files.exists(data_dir));
  if (!there) return Status::ok();
  KVHOST_TRY_ASSIGN(const auto names, files.list(data_dir));
  if (!names.empty()) {
    return {StatusCode::CONFLICT, data_dir + ": expected an empty directory, found \"" +
                                      names.front() +
                                      "\" in it; restore to another directory, or move that away"};
  }
  return Status::ok();
}

}  // namespace

Result<BackupInfo> create_backup(FileSystem& files, const std::string& source,
                                 const std::string& root, const std::string& name,
                                 uint64_t created_at_ms) {
  KVHOST_TRY(check_backup_name(name));
  KVHOST_TRY(check_is_database(files, source));
  const std::string path = root + "/" + name;
  KVHOST_TRY_ASSIGN(const bool taken, files.exists(path));
  if (taken) {
    return Status(StatusCode::CONFLICT, path + " exists already; choose another name");
  }
  KVHOST_TRY_ASSIGN(const bool has_lock, files.exists(lock_path(source)));
  std::unique_ptr<FileLock> lock;
  if (has_lock) {
    KVHOST_TRY_ASSIGN(lock, files.lock(lock_path(source)));
  }
  KVHOST_TRY(files.create_directories(root));
  const std::string partial = path + ".tmp";
  KVHOST_TRY(remove_file_tree(files, partial));
  BackupInfo info;
  info.name = name;
  info.created_at_ms = created_at_ms;
  auto made = fill(files, source, partial, std::move(info));
  Status failure = made.status();
  if (failure.is_ok()) failure = publish(files, partial, path);
  if (failure.is_ok()) return made;
  // What cannot be removed now is removed by the next attempt.
  static_cast<void>(remove_file_tree(files, partial));
  return failure.with_context("backup " + path);
}

Result<std::vector<BackupEntry>> list_backups(FileSystem& files, const std::string& root) {
  std::vector<BackupEntry> entries;
  KVHOST_TRY_ASSIGN(const bool there, files.exists(root));
  if (!there) {
    return Status(StatusCode::INVALID_ARGUMENT, root + ": expected a directory, found none");
  }
  KVHOST_TRY_ASSIGN(const auto names, files.list(root));
  for (const std::string& name : names) {
    if (!check_backup_name(name).is_ok()) continue;
    KVHOST_TRY_ASSIGN(const bool is_backup, files.exists(info_path(root + "/" + name)));
    if (!is_backup) continue;
    BackupEntry entry;
    entry.name = name;
    auto info = read_info(files, root + "/" + name);
    entry.status = info.status();
    if (info) entry.info = std::move(*info);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<VerifyReport> verify_backup(FileSystem& files, const std::string& backup) {
  const auto info = read_info(files, backup);
  if (!info && info.error().code() != StatusCode::CORRUPTION) return info.error();
  VerifyReport report;
  std::vector<Damage> damage;
  if (!info) damage.push_back({info_path(backup), info.error().message()});
  if (info) {
    for (const BackupFile& file : info->files) {
      const std::string path = backup + "/" + file.name;
      const Status same = compare_with(files, path, file);
      if (same.code() == StatusCode::CORRUPTION) damage.push_back({path, same.message()});
      if (!same.is_ok() && same.code() != StatusCode::CORRUPTION) return same;
    }
  }
  KVHOST_TRY_ASSIGN(report, verify_database(files, backup));
  report.damage.insert(report.damage.begin(), damage.begin(), damage.end());
  return report;
}

Result<BackupInfo> restore_backup(FileSystem& files, const std::string& backup,
                                  const std::string& data_dir) {
  KVHOST_TRY_ASSIGN(BackupInfo info, read_info(files, backup));
  KVHOST_TRY(make_room(files, data_dir));
  const std::string partial = data_dir + ".restoring";
  KVHOST_TRY(remove_file_tree(files, partial));
  const auto restore = [&]() -> Status {
    KVHOST_TRY(make_folders(files, partial));
    for (const BackupFile& file : info.files) {
      const std::string from = backup + "/" + file.name;
      KVHOST_TRY_ASSIGN(const CopiedBytes copied,
                        copy_counting(files, from, partial + "/" + file.name));
      KVHOST_TRY(check_copied(from, file, copied));
    }
    KVHOST_TRY(sync_folders(files, partial));
    KVHOST_TRY_ASSIGN(const bool has_old, files.exists(data_dir));
    if (has_old) KVHOST_TRY(files.remove_directory(data_dir));
    return publish(files, partial, data_dir);
  };
  const Status restored = restore();
  if (restored.is_ok()) return info;
  static_cast<void>(remove_file_tree(files, partial));
  return restored.with_context("restore to " + data_dir);
}

}  // namespace kvhost::engine
