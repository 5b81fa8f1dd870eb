#include "version/version_set.hpp"

#include <algorithm>
#include <utility>

#include "version/database_directory.hpp"
#include "version/file_names.hpp"
#include "version/manifest_writer.hpp"
#include "version/version_builder.hpp"

namespace kvhost::engine {

VersionSet::VersionSet(FileSystem& files, std::string directory, VersionSetOptions options,
                       Logger& logger)
    : files_(files), directory_(std::move(directory)), options_(options), logger_(logger) {}

VersionSet::~VersionSet() = default;

VersionPtr VersionSet::current() const {
  const MutexLock lock(current_mutex_);
  return current_;
}

VersionState VersionSet::state() const {
  const MutexLock lock(current_mutex_);
  return state_;
}

Status VersionSet::status() const {
  const MutexLock lock(current_mutex_);
  return failure_;
}

Result<VersionPtr> VersionSet::log_and_apply(const VersionEdit& edit) {
  return log_and_apply([&edit](const Version&) -> Result<VersionEdit> { return edit; });
}

Result<VersionPtr> VersionSet::log_and_apply(const EditMaker& make_edit) {
  const MutexLock lock(edit_mutex_);
  KVHOST_TRY(status());
  const VersionPtr base = current();
  KVHOST_TRY_ASSIGN(VersionEdit edit, make_edit(*base));
  if (edit.policy_state && edit.policy_state->size() > kMaxPolicyState) {
    return Status(StatusCode::INVALID_ARGUMENT, "a policy's state has " +
                                                    std::to_string(edit.policy_state->size()) +
                                                    " bytes; expected at most 4096");
  }
  edit.next_file_number = next_file_number_.load();
  edit.next_run_id = next_run_id_.load();
  Result<AppliedEdit> applied = apply_edit(*base, edit, obsolete_files_);
  if (!applied) return applied.error().with_context("an edit of the tree was refused");

  KVHOST_TRY(append(edit.encode()));
  // The edit is durable: the tree follows it, or the process ends and the next start reads it.
  [&]() noexcept { publish(applied->version, edit); }();
  // Only now: had the edit failed, its input files would still be the database.
  for (const TableFilePtr& file : applied->removed) file->mark_obsolete();
  return std::move(applied->version);
}

Status VersionSet::append(const std::string& payload) {
  if (manifest_->bytes() > options_.manifest_rollover_bytes + fresh_bytes_) {
    KVHOST_TRY(switch_manifest());
  }
  if (Status added = manifest_->add(payload); !added.is_ok()) {
    return remember_failure(std::move(added));
  }
  return {};
}

void VersionSet::publish(VersionPtr version, const VersionEdit& edit) {
  const MutexLock lock(current_mutex_);
  current_ = std::move(version);
  state_.apply(edit);
  generation_.fetch_add(1, std::memory_order_release);
}

Status VersionSet::remember_failure(Status failure) {
  logger_.log(LogLevel::kError,
              "the MANIFEST cannot be written, the tree stays as it is: " + failure.to_string());
  const MutexLock lock(current_mutex_);
  failure_ = failure.with_context("the MANIFEST cannot be written");
  return failure_;
}

VersionState VersionSet::state_now() const {
  VersionState state = this->state();
  state.next_file_number = next_file_number_.load();
  state.next_run_id = next_run_id_.load();
  return state;
}

Status VersionSet::switch_manifest() {
  const uint64_t number = new_file_number();
  const std::string payload = full_edit(*current(), state_now()).encode();
  auto fresh = ManifestWriter::create(files_, directory_, number, payload);
  if (!fresh) {
    // The old one is still good, unless it was its failure that brought us here.
    static_cast<void>(files_.remove(manifest_path(directory_, number)));
    logger_.log(LogLevel::kWarning,
                "a fresh MANIFEST could not be made: " + fresh.error().to_string());
    return manifest_ != nullptr && status().is_ok() ? Status::ok() : fresh.error();
  }
  if (Status switched = switch_current(files_, directory_, number); !switched.is_ok()) {
    // Either may be current after a crash. They say the same, as long as neither is written to.
    return remember_failure(std::move(switched));
  }
  const uint64_t old_number = std::exchange(manifest_number_, number);
  manifest_ = std::move(*fresh);
  fresh_bytes_ = manifest_->bytes();
  if (old_number != 0) {
    const Status removed = files_.remove(manifest_path(directory_, old_number));
    if (!removed.is_ok()) {
      logger_.log(LogLevel::kWarning,
                  "an old MANIFEST stays until the next start: " + removed.to_string());
    }
  }
  return {};
}

Status VersionSet::resume() {
  const MutexLock lock(edit_mutex_);
  if (status().is_ok()) return {};
  KVHOST_TRY(switch_manifest());
  const MutexLock current_lock(current_mutex_);
  failure_ = {};
  return {};
}

void VersionSet::remove_obsolete_files() {
  for (const uint64_t number : obsolete_files_->take()) {
    const std::string path = table_path(directory_, number);
    if (const Status removed = files_.remove(path); !removed.is_ok()) {
      logger_.log(LogLevel::kWarning, "an obsolete table stays for now: " + removed.to_string());
      obsolete_files_->add(number);
    }
  }
}

Status write_database_manifest(FileSystem& files, const std::string& directory,
                               const Version& version, const VersionState& state) {
  KVHOST_TRY(make_subdirectories(files, directory));
  KVHOST_TRY(files.sync_directory(tables_path(directory)));
  VersionState copy = state;
  const uint64_t number = copy.next_file_number++;
  KVHOST_TRY_ASSIGN(const auto writer, ManifestWriter::create(files, directory, number,
                                                              full_edit(version, copy).encode()));
  return switch_current(files, directory, number);
}

}  // namespace kvhost::engine
