// The database directory's table of contents: the current Version, the state kept with it, and the
// MANIFEST that makes every change of them durable before anyone sees it.
//
// Threads:   any. Edits are made durable one after the other; current() and generation() never wait
//            for the disk.
// Lifetime:  holds the directory's lock while it lives. Versions may outlive it: tables that become
//            obsolete then stay on disk until the next open.
// Errors:    open(): LOCKED, CORRUPTION (names file, offset, expected, found and the repair
//            command), FORMAT_UNSUPPORTED, IO_ERROR, NO_SPACE. log_and_apply(): what the maker of
//            the edit returned; CORRUPTION when the edit breaks an invariant of Version; a failed
//            write or sync, which then stays in force (status()) until resume() has succeeded.
// Format:    docs/formats/manifest.md
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/logger.hpp"
#include "kvhost/result.hpp"
#include "version/version.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {

class ManifestWriter;

struct VersionSetOptions {
  // A longer MANIFEST is replaced by a fresh one that begins with the whole state.
  uint64_t manifest_rollover_bytes = uint64_t{4} << 20;
};

class VersionSet {
 public:
  // Opens or creates the database in `directory`. Takes LOCK, reads the MANIFEST, checks that every
  // table is there with its size, removes tables and manifests that nothing names, and starts a
  // fresh MANIFEST (an old one is never appended to).
  static Result<std::unique_ptr<VersionSet>> open(FileSystem& files, std::string directory,
                                                  VersionSetOptions options, Logger& logger);
  ~VersionSet();
  VersionSet(const VersionSet&) = delete;
  VersionSet& operator=(const VersionSet&) = delete;

  const std::string& directory() const { return directory_; }

  // The newest Version.
  VersionPtr current() const;
  // Grows with every new Version: whoever keeps a pinned Version sees by one atomic load whether it
  // is still the newest.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  VersionState state() const;

  // Numbers that were never used before, across crashes too.
  uint64_t new_file_number() { return next_file_number_.fetch_add(1); }
  uint64_t new_run_id() { return next_run_id_.fetch_add(1); }

  // Makes an edit durable, then visible. The maker sees the Version that the edit will be applied
  // to; it runs under the edit lock and must not call back. An error of the maker changes nothing.
  using EditMaker = std::function<Result<VersionEdit>(const Version& base)>;
  Result<VersionPtr> log_and_apply(const EditMaker& make_edit);
  Result<VersionPtr> log_and_apply(const VersionEdit& edit);

  // OK, or the failure of the MANIFEST that keeps edits from being made.
  Status status() const;
  // Lifts that: writes the whole state to a fresh MANIFEST and switches to it.
  Status resume();

  // Deletes the tables that nobody needs any more. Failures are logged and tried again next time.
  void remove_obsolete_files();

  // The TableFile of a table that an edit is going to add is made by the edit itself; this is the
  // sink for other owners of TableFiles (tests).
  const std::shared_ptr<ObsoleteFiles>& obsolete_files() const { return obsolete_files_; }

 private:
  VersionSet(FileSystem& files, std::string directory, VersionSetOptions options, Logger& logger);

  Status recover();
  Status replay(const std::string& manifest);
  Status start_new();
  Status skip_numbers_on_disk();
  void raise_file_number(uint64_t number);
  Status check_tables() const;
  void remove_orphans();
  VersionState state_now() const;
  // Writes everything to a new MANIFEST and switches to it.
  Status switch_manifest() KVHOST_REQUIRES(edit_mutex_);
  Status append(const std::string& payload) KVHOST_REQUIRES(edit_mutex_);
  Status remember_failure(Status failure);
  void publish(VersionPtr version, const VersionEdit& edit);

  FileSystem& files_;
  const std::string directory_;
  const VersionSetOptions options_;
  Logger& logger_;
  std::unique_ptr<FileLock> lock_;
  const std::shared_ptr<ObsoleteFiles> obsolete_files_ = std::make_shared<ObsoleteFiles>();

  std::atomic<uint64_t> next_file_number_{1};
  std::atomic<uint64_t> next_run_id_{1};

  // Held while an edit is made durable.
  Mutex edit_mutex_;
  std::unique_ptr<ManifestWriter> manifest_ KVHOST_GUARDED_BY(edit_mutex_);
  uint64_t manifest_number_ KVHOST_GUARDED_BY(edit_mutex_) = 0;
  // What the MANIFEST held when it was begun, bytes.
  uint64_t fresh_bytes_ KVHOST_GUARDED_BY(edit_mutex_) = 0;

  // Held for a moment.
  mutable Mutex current_mutex_;
  VersionPtr current_ KVHOST_GUARDED_BY(current_mutex_) = std::make_shared<Version>();
  VersionState state_ KVHOST_GUARDED_BY(current_mutex_);
  Status failure_ KVHOST_GUARDED_BY(current_mutex_);
  std::atomic<uint64_t> generation_{0};
};

// Writes a new database's MANIFEST and CURRENT into `directory`, which holds none: the whole of
// `version` and `state`. For checkpoints, whose tables are linked before.
Status write_database_manifest(FileSystem& files, const std::string& directory,
                               const Version& version, const VersionState& state);

}  // namespace kvhost::engine
