#include <unordered_set>

#include "format/log_batch.hpp"
#include "kvhost/engine/verify.hpp"
#include "log/log_format.hpp"
#include "log/log_recovery.hpp"
#include "verify/manifest_state.hpp"
#include "verify/run_order.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

bool is_damage(const Status& status) {
  return status.code() == StatusCode::CORRUPTION || status.code() == StatusCode::FORMAT_UNSUPPORTED;
}

class DatabaseVerifier {
 public:
  DatabaseVerifier(FileSystem& files, const std::string& directory, const VerifyOptions& options)
      : files_(files), directory_(directory), options_(options), tables_(files, directory, {}) {}

  Result<VerifyReport> run() {
    KVHOST_TRY(check_is_database(files_, directory_));
    KVHOST_TRY_ASSIGN(const ManifestState manifest, read_manifest_state(files_, directory_));
    report_.manifest = manifest.path;
    report_.manifest_records = manifest.records;
    report_.last_sequence = manifest.state.last_sequence;
    if (!manifest.damage.is_ok()) note_damage(manifest.damaged_file, manifest.damage);
    KVHOST_TRY(check_tables(manifest));
    // A tree that stops in the middle of its MANIFEST is not the one that the log goes on from.
    if (manifest.damage.is_ok()) {
      KVHOST_TRY(check_log(manifest.state));
      KVHOST_TRY(look_for_strangers(*manifest.version));
    }
    return std::move(report_);
  }

 private:
  void note_damage(const std::string& file, const Status& damage) {
    report_.damage.push_back({file, damage.message()});
  }

  // Damage becomes a finding; what else goes wrong ends the check.
  Status judge(const std::string& file, const Status& checked) {
    if (checked.is_ok() || !is_damage(checked)) return checked;
    note_damage(file, checked);
    return Status::ok();
  }

  Status check_tables(const ManifestState& manifest) {
    Status failure;
    bool all_whole = true;
    manifest.version->for_each_file([&](const SortedRun&, const TableFilePtr& file) {
      if (!failure.is_ok()) return;
      const std::string path = table_path(directory_, file->number());
      const Status checked = check_table(path, *file, manifest.state);
      all_whole = all_whole && checked.is_ok();
      failure = judge(path, checked);
    });
    KVHOST_TRY(std::move(failure));
    return all_whole ? judge(report_.manifest, check_run_order(*manifest.version, tables_))
                     : Status::ok();
  }

  Status check_table(const std::string& path, const TableFile& file, const VersionState& state) {
    const FileMetadata& stated = file.metadata();
    ++report_.tables;
    KVHOST_TRY_ASSIGN(const bool there, files_.exists(path));
    if (!there) {
      return {StatusCode::CORRUPTION, path + ": expected a table of " +
                                          std::to_string(stated.bytes) +
                                          " bytes, as the MANIFEST says; found no file"};
    }
    KVHOST_TRY_ASSIGN(const uint64_t bytes, files_.file_size(path));
    if (options_.on_file) options_.on_file(path, bytes);
    report_.table_bytes += bytes;
    if (bytes != stated.bytes) {
      return {StatusCode::CORRUPTION, path + ": expected " + std::to_string(stated.bytes) +
                                          " bytes, as the MANIFEST says; found " +
                                          std::to_string(bytes)};
    }
    KVHOST_TRY_ASSIGN(const TableReader* const table, tables_.reader(file));
    KVHOST_TRY(table->verify_all());
    report_.records += stated.entries;
    report_.range_tombstones += stated.range_deletes;
    if (stated.max_sequence > state.last_sequence) {
      return {StatusCode::CORRUPTION,
              path + ": expected sequence numbers up to " + std::to_string(state.last_sequence) +
                  ", as the MANIFEST says; found " + std::to_string(stated.max_sequence)};
    }
    return Status::ok();
  }

  Status check_log(const VersionState& state) {
    const std::string path = log_path(directory_);
    KVHOST_TRY_ASSIGN(const bool there, files_.exists(path));
    if (!there) return Status::ok();
    if (options_.on_file) options_.on_file(path, 0);
    SequenceNumber last = state.last_sequence;
    const auto take = [&](std::string_view payload, LogPosition position) -> Status {
      LogBatchDecoder record(payload);
      while (record.next()) {
      }
      KVHOST_TRY(record.status().with_context(path + "/" + to_string(position)));
      const LogBatchHeader& header = record.header();
      ++report_.log_records;
      const SequenceNumber newest = header.first_sequence + header.effects - 1;
      if (header.effects == 0 || newest <= state.last_sequence) return Status::ok();
      if (header.first_sequence <= last) {
        return {StatusCode::CORRUPTION,
                path + "/" + to_string(position) + ": expected a sequence number above " +
                    std::to_string(last) + ", found " + std::to_string(header.first_sequence)};
      }
      last = newest;
      return Status::ok();
    };
    const auto end = recover_log(files_, path, {state.log_start, state.log_durable}, take);
    if (!end) return judge(path, end.error());
    report_.torn_log_bytes = end->discarded_bytes;
    report_.last_sequence = last;
    return Status::ok();
  }

  Status look_for_strangers(const Version& version) {
    std::unordered_set<uint64_t> live;
    version.for_each_file(
        [&](const SortedRun&, const TableFilePtr& file) { live.insert(file->number()); });
    const std::string tables = tables_path(directory_);
    KVHOST_TRY_ASSIGN(const bool there, files_.exists(tables));
    if (!there) return Status::ok();
    KVHOST_TRY_ASSIGN(const auto names, files_.list(tables));
    for (const std::string& name : names) {
      const auto number = parse_table_name(name);
      if (number && live.contains(*number)) continue;
      report_.notes.push_back(tables + "/" + name +
                              (number ? ": nothing names this table; the next start removes it"
                                      : ": not a table's name; it is left alone"));
    }
    return Status::ok();
  }

  FileSystem& files_;
  const std::string& directory_;
  const VerifyOptions& options_;
  TableCache tables_;
  VerifyReport report_;
};

}  // namespace

Result<VerifyReport> verify_database(FileSystem& files, const std::string& directory,
                                     const VerifyOptions& options) {
  // Only where a node has been is there a lock to ask for: a copy is left without one.
  KVHOST_TRY_ASSIGN(const bool has_lock, files.exists(lock_path(directory)));
  std::unique_ptr<FileLock> lock;
  if (has_lock) {
    KVHOST_TRY_ASSIGN(lock, files.lock(lock_path(directory)));
  }
  return DatabaseVerifier(files, directory, options).run();
}

}  // namespace kvhost::engine
