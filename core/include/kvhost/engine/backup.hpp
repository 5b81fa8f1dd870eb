// Backups: copies of a database elsewhere, each complete in a directory of its own, with a list of
// its files and their checksums.
//
//   ROOT/NAME/BACKUP  CURRENT  MANIFEST-NNNNNN  tables/…  wal/…
//
// A backup is made from a checkpoint of a running node, or from the data directory of a stopped one.
//
// Threads:   any, for different names.
// Errors:    INVALID_ARGUMENT (no database, no backup there, or no name of one), CONFLICT (the name or
//            the directory is taken), CORRUPTION (the copy or the backup is
//            damaged: names file, expected, found), FORMAT_UNSUPPORTED, LOCKED, NO_SPACE, IO_ERROR.
// Format:    docs/formats/backup.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/verify.hpp"

namespace kvhost::engine {

struct BackupFile {
  std::string name;  // relative to the backup's directory
  uint64_t bytes = 0;
  uint64_t checksum = 0;

  friend bool operator==(const BackupFile&, const BackupFile&) = default;
};

struct BackupInfo {
  std::string name;
  uint64_t created_at_ms = 0;
  // The newest sequence number in it.
  uint64_t last_sequence = 0;
  std::vector<BackupFile> files;

  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const BackupFile& file : files) sum += file.bytes;
    return sum;
  }
  friend bool operator==(const BackupInfo&, const BackupInfo&) = default;
};

// The bytes of the file BACKUP, and back; decode checks every name (none leads out of the backup).
std::string encode_backup_info(const BackupInfo& info);
Result<BackupInfo> decode_backup_info(std::string_view text, const std::string& path);

// One path component that is no other file's: letters, digits, `.`, `_`, `-`, not beginning with a
// dot, not ending in `.tmp`. INVALID_ARGUMENT says so.
Status check_backup_name(std::string_view name);

// Copies the database in `source` to ROOT/NAME and reads the copy back in full. The name appears,
// complete and durable, as the last step; what an earlier attempt left under NAME.tmp is removed.
Result<BackupInfo> create_backup(FileSystem& files, const std::string& source,
                                 const std::string& root, const std::string& name,
                                 uint64_t created_at_ms);

// What lies under `root`: an entry for each directory with a BACKUP file in it, by name.
struct BackupEntry {
  std::string name;
  // OK, or why `info` could not be read.
  Status status;
  BackupInfo info;
};
Result<std::vector<BackupEntry>> list_backups(FileSystem& files, const std::string& root);

// Compares every file with the list, then checks the database that they make.
Result<VerifyReport> verify_backup(FileSystem& files, const std::string& backup);

// Copies a backup to `data_dir`, which is empty or does not exist, comparing every byte's checksum.
// The directory appears under its name, complete and durable, as the last step.
Result<BackupInfo> restore_backup(FileSystem& files, const std::string& backup,
                                  const std::string& data_dir);

}  // namespace kvhost::engine
