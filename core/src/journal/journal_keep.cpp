// The journal's values beside the log, and what its keeper does: whole segments go, spares come.
#include <utility>

#include "file/whole_file.hpp"
#include "journal/journal_impl.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kMaxMetaName = 128;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& files, const std::string& directory,
                                               const JournalOptions& options, Logger& logger) {
  KVHOST_TRY(files.create_directories(directory));
  // The folder of all journals may be new, too.
  KVHOST_TRY(files.sync_directory(parent_of(directory)));
  KVHOST_TRY(files.sync_directory(parent_of(parent_of(directory))));
  KVHOST_TRY_ASSIGN(RecoveredJournal recovered, recover_journal(files, directory));
  const LogEnd end = recovered.end;
  auto journal =
      std::make_unique<JournalImpl>(files, directory, options, logger, std::move(recovered));
  KVHOST_TRY(journal->start(end));
  return std::unique_ptr<Journal>(std::move(journal));
}

Status JournalImpl::store_meta(const JournalMeta& meta) {
  const Status stored = write_file_atomically(files_, directory_, std::string(kJournalMetaName),
                                              encode_journal_meta(meta));
  if (stored.is_ok()) {
    MutexLock lock(mutex_);
    meta_ = meta;
    return stored;
  }
  // A full disk passes; whoever could not sync once is not believed again.
  if (stored.code() != StatusCode::NO_SPACE) {
    meta_failure_ = stored.with_context("the journal stores no more values since a failure");
  }
  return stored;
}

Status JournalImpl::put_meta(std::string_view name, std::string_view value) {
  if (name.empty() || name.size() > kMaxMetaName || value.size() > kMaxJournalMetaValue) {
    return {StatusCode::INVALID_ARGUMENT,
            directory_ + ": put_meta: expected a name of 1 to " + std::to_string(kMaxMetaName) +
                " bytes and a value of at most " + std::to_string(kMaxJournalMetaValue) +
                ", found " + std::to_string(name.size()) + " and " + std::to_string(value.size())};
  }
  MutexLock meta_lock(meta_mutex_);
  KVHOST_TRY(meta_failure_);
  JournalMeta meta;
  {
    MutexLock lock(mutex_);
    meta = meta_;
  }
  const auto found = meta.values.find(name);
  if (found != meta.values.end() && found->second == value) return Status::ok();
  if (found == meta.values.end() && meta.values.size() >= kMaxJournalMetaNames) {
    return {StatusCode::INVALID_ARGUMENT, directory_ + ": put_meta: expected at most " +
                                              std::to_string(kMaxJournalMetaNames) +
                                              " names, found one more"};
  }
  meta.values[std::string(name)] = value;
  return store_meta(meta);
}

std::optional<std::string> JournalImpl::get_meta(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = meta_.values.find(name);
  if (found == meta_.values.end()) return std::nullopt;
  return found->second;
}

void JournalImpl::want_spare() {
  wants_spare_ = true;
  keeping_.notify_one();
}

void JournalImpl::want_release() {
  wants_release_ = true;
  keeping_.notify_one();
}

void JournalImpl::run_keeper() {
  MutexLock lock(mutex_);
  for (;;) {
    while (!wants_release_ && !wants_spare_ && !keeper_ends_) keeping_.wait(mutex_);
    if (keeper_ends_) return;
    const bool release = std::exchange(wants_release_, false);
    const bool spare = std::exchange(wants_spare_, false);
    lock.unlock();
    // Released segments become spares, so they go first.
    if (release) release_segments();
    if (spare && log_->needs_spare()) {
      // Without one the next segment is made when it is needed; that attempt tells the error.
      static_cast<void>(log_->prepare_spare());
    }
    lock.lock();
  }
}

void JournalImpl::release_segments() {
  MutexLock meta_lock(meta_mutex_);
  if (!meta_failure_.is_ok()) return;
  JournalMeta meta;
  {
    MutexLock lock(mutex_);
    meta = meta_;
    meta.first = written_first_;
    meta.start = floor_;
  }
  Status released = store_meta(meta);
  if (released.is_ok()) {
    {
      MutexLock lock(mutex_);
      released_segment_ = meta.start.segment;
    }
    released = log_->release_before(meta.start);
  }
  if (!released.is_ok()) {
    logger_.log(LogLevel::kWarning,
                directory_ + ": segments that are of no more use stay: " + released.to_string());
  }
}

}  // namespace kvhost::engine
