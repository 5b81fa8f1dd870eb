// VersionSet::open() and what it takes: reading the MANIFEST back and tidying the directory.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "version/database_directory.hpp"
#include "version/file_names.hpp"
#include "version/manifest_reader.hpp"
#include "version/manifest_writer.hpp"
#include "version/version_builder.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {
namespace {

Status with_remedy(const Status& failure, const std::string& directory) {
  if (failure.code() != StatusCode::CORRUPTION) return failure;
  return {failure.code(), failure.message() + "; run `kvctl repair " + directory + "`"};
}

}  // namespace

Result<std::unique_ptr<VersionSet>> VersionSet::open(FileSystem& files, std::string directory,
                                                     VersionSetOptions options, Logger& logger) {
  KVHOST_TRY(prepare_directory(files, directory));
  std::unique_ptr<VersionSet> set(new VersionSet(files, std::move(directory), options, logger));
  KVHOST_TRY_ASSIGN(set->lock_, files.lock(lock_path(set->directory_)));
  KVHOST_TRY_ASSIGN(const bool exists, files.exists(current_path(set->directory_)));
  KVHOST_TRY(exists ? set->recover() : set->start_new());
  KVHOST_TRY(set->skip_numbers_on_disk());
  {
    const MutexLock lock(set->edit_mutex_);
    KVHOST_TRY(set->switch_manifest());
  }
  set->remove_orphans();
  return set;
}

Status VersionSet::start_new() {
  KVHOST_TRY(check_fit_for_creation(files_, directory_));
  KVHOST_TRY(make_subdirectories(files_, directory_));
  logger_.log(LogLevel::kInfo, "made a new database in " + directory_);
  return {};
}

Status VersionSet::recover() {
  KVHOST_TRY_ASSIGN(const uint64_t number, read_current(files_, directory_));
  const std::string path = manifest_path(directory_, number);
  KVHOST_TRY_ASSIGN(const bool there, files_.exists(path));
  if (!there) {
    return {StatusCode::CORRUPTION, current_path(directory_) + " names " + manifest_name(number) +
                                        ": expected that file, found none; run `kvctl repair " +
                                        directory_ + "`"};
  }
  {
    const MutexLock lock(edit_mutex_);
    manifest_number_ = number;
  }
  if (const Status replayed = replay(path); !replayed.is_ok()) {
    return with_remedy(replayed, directory_);
  }
  KVHOST_TRY(make_subdirectories(files_, directory_));
  return with_remedy(check_tables(), directory_);
}

Status VersionSet::replay(const std::string& manifest) {
  KVHOST_TRY_ASSIGN(const auto reader, ManifestReader::open(files_, manifest));
  uint64_t expected_number = 0;
  {
    const MutexLock lock(edit_mutex_);
    expected_number = manifest_number_;
  }
  if (reader->header().number != expected_number) {
    return {StatusCode::CORRUPTION, manifest + " at offset 16: expected the number " +
                                        std::to_string(expected_number) + ", found " +
                                        std::to_string(reader->header().number)};
  }
  std::size_t records = 0;
  while (true) {
    KVHOST_TRY_ASSIGN(const auto record, reader->next());
    if (!record) break;
    const std::string place = manifest + " at offset " + std::to_string(record->offset);
    Result<VersionEdit> edit = VersionEdit::decode(record->payload);
    if (!edit) return edit.error().with_context(place);
    Result<AppliedEdit> applied = apply_edit(*current(), *edit, obsolete_files_);
    if (!applied) return applied.error().with_context(place);
    publish(std::move(applied->version), *edit);
    ++records;
  }
  if (records == 0) {
    return {StatusCode::CORRUPTION, manifest + " at offset " +
                                        std::to_string(reader->header().bytes) +
                                        ": expected a first record, found none that is whole"};
  }
  if (reader->torn_bytes() > 0) {
    logger_.log(LogLevel::kInfo, manifest + ": dropped " + std::to_string(reader->torn_bytes()) +
                                     " bytes of an edit that a crash cut short");
  }
  const VersionState state = this->state();
  raise_file_number(state.next_file_number - 1);
  raise_file_number(expected_number);
  next_run_id_.store(state.next_run_id);
  current()->for_each_file([this](const SortedRun& run, const TableFilePtr& file) {
    raise_file_number(file->number());
    next_run_id_.store(std::max(next_run_id_.load(), run.id() + 1));
  });
  return {};
}

Status VersionSet::skip_numbers_on_disk() {
  // Whatever a crash left half made: its number is not given to anything else.
  KVHOST_TRY_ASSIGN(const auto names, files_.list(directory_));
  for (const std::string& name : names) {
    if (const auto number = parse_manifest_name(name)) raise_file_number(*number);
  }
  KVHOST_TRY_ASSIGN(const auto tables, files_.list(tables_path(directory_)));
  for (const std::string& name : tables) {
    if (const auto number = parse_table_name(name)) raise_file_number(*number);
  }
  return {};
}

void VersionSet::raise_file_number(uint64_t number) {
  next_file_number_.store(std::max(next_file_number_.load(), number + 1));
}

Status VersionSet::check_tables() const {
  KVHOST_TRY_ASSIGN(const auto names, files_.list(tables_path(directory_)));
  const std::unordered_set<std::string> present(names.begin(), names.end());
  const VersionPtr version = current();
  for (const SortedRunPtr& run : version->runs()) {
    for (const TableFilePtr& file : run->files()) {
      const std::string path = table_path(directory_, file->number());
      const uint64_t expected = file->metadata().bytes;
      if (!present.contains(table_name(file->number()))) {
        return {StatusCode::CORRUPTION, path + ": expected a table of " + std::to_string(expected) +
                                            " bytes, as the MANIFEST says; found no file"};
      }
      KVHOST_TRY_ASSIGN(const uint64_t found, files_.file_size(path));
      if (found != expected) {
        return {StatusCode::CORRUPTION, path + ": expected " + std::to_string(expected) +
                                            " bytes, as the MANIFEST says; found " +
                                            std::to_string(found)};
      }
    }
  }
  return {};
}

void VersionSet::remove_orphans() {
  std::unordered_set<uint64_t> live;
  current()->for_each_file(
      [&live](const SortedRun&, const TableFilePtr& file) { live.insert(file->number()); });
  const auto remove = [this](const std::string& path) {
    const Status removed = files_.remove(path);
    logger_.log(removed.is_ok() ? LogLevel::kInfo : LogLevel::kWarning,
                removed.is_ok() ? "removed " + path + ", which nothing names"
                                : "could not remove what nothing names: " + removed.to_string());
  };
  if (const auto names = files_.list(tables_path(directory_))) {
    for (const std::string& name : *names) {
      const auto number = parse_table_name(name);
      if (!number || live.contains(*number)) continue;
      remove(tables_path(directory_) + "/" + name);
    }
  }
  const MutexLock lock(edit_mutex_);
  if (const auto names = files_.list(directory_)) {
    for (const std::string& name : *names) {
      const auto number = parse_manifest_name(name);
      if (number && *number != manifest_number_) remove(directory_ + "/" + name);
    }
  }
}

}  // namespace kvhost::engine
