#include "journal/journal_impl.hpp"

#include <algorithm>
#include <utility>

#include "base/thread_name.hpp"
#include "journal/journal_reader.hpp"
#include "log/log_format.hpp"

namespace kvhost::engine {
namespace {

// A group is written in one piece and never split over segments.
constexpr uint64_t kMaxGroupBytes = uint64_t{4} << 20;
constexpr uint64_t kMaxAppendBytes = kMaxLogRecord / 2;

Status expected_index(const std::string& directory, uint64_t expected, uint64_t found) {
  return {StatusCode::INVALID_ARGUMENT,
          directory + ": append: expected index " + std::to_string(expected) + ", found " +
              std::to_string(found) +
              "; cut what is held with truncate_after(), or skip ahead with truncate_before()"};
}

}  // namespace

JournalImpl::JournalImpl(FileSystem& files, std::string directory, const JournalOptions& options,
                         Logger& logger, RecoveredJournal recovered)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      logger_(logger),
      index_(std::move(recovered.index)),
      first_(recovered.first),
      last_(recovered.last),
      written_first_(recovered.first),
      written_last_(recovered.last),
      durable_(recovered.last),
      floor_(recovered.meta.start),
      released_segment_(std::max<uint64_t>(recovered.meta.start.segment, 1)),
      meta_(std::move(recovered.meta)) {}

Status JournalImpl::start(const LogEnd& end) {
  LogOptions log_options;
  log_options.segment_size = options_.segment_size;
  KVHOST_TRY_ASSIGN(log_, LogWriter::open(files_, directory_, log_options, end));
  segment_ = log_->end_position().segment;
  writer_ = std::thread([this] {
    set_thread_name("kv-journal");
    run_writer();
  });
  keeper_ = std::thread([this] {
    set_thread_name("kv-journal-keep");
    run_keeper();
  });
  MutexLock lock(mutex_);
  want_spare();
  return Status::ok();
}

JournalImpl::~JournalImpl() { stop_threads(); }

// The writer completes what is queued; the keeper leaves what is left for the next life.
void JournalImpl::stop_threads() {
  {
    MutexLock lock(mutex_);
    is_closing_ = true;
    work_.notify_all();
  }
  if (writer_.joinable()) writer_.join();
  {
    MutexLock lock(mutex_);
    keeper_ends_ = true;
    keeping_.notify_all();
  }
  if (keeper_.joinable()) keeper_.join();
}

Status JournalImpl::close() {
  stop_threads();
  {
    MutexLock lock(mutex_);
    KVHOST_TRY(failure_);
  }
  if (must_rotate_) KVHOST_TRY(log_->rotate());
  return log_->close();
}

uint64_t JournalImpl::first() const {
  MutexLock lock(mutex_);
  return first_;
}

uint64_t JournalImpl::last() const {
  MutexLock lock(mutex_);
  return last_;
}

uint64_t JournalImpl::durable() const {
  MutexLock lock(mutex_);
  return durable_;
}

Status JournalImpl::check_open() const {
  if (!failure_.is_ok()) {
    return failure_.with_context("the journal takes no more since an earlier failure");
  }
  if (is_closing_) return {StatusCode::DRAINING, directory_ + ": the journal is closed"};
  return Status::ok();
}

Status JournalImpl::check_entries(std::span<const JournalEntry> entries, uint64_t& bytes) const {
  uint64_t expected = last_ + 1;
  for (const JournalEntry& entry : entries) {
    if (entry.index != expected) return expected_index(directory_, expected, entry.index);
    ++expected;
    bytes += entry.payload.size() + kJournalEntryHead;
    if (entry.payload.size() > kMaxJournalPayload || bytes > kMaxAppendBytes) {
      return {StatusCode::TOO_LARGE, directory_ + ": append: expected at most " +
                                         std::to_string(kMaxAppendBytes) +
                                         " bytes at once, found more; append in pieces"};
    }
  }
  if (pending_bytes_ == 0 || pending_bytes_ + bytes <= options_.max_pending_bytes) {
    return Status::ok();
  }
  return {StatusCode::OVERLOADED, directory_ + ": append: " + std::to_string(pending_bytes_) +
                                      " bytes wait for the disk; the limit is " +
                                      std::to_string(options_.max_pending_bytes)};
}

void JournalImpl::queue(Change change) {
  pending_bytes_ += change.bytes();
  queue_.push_back(std::move(change));
  work_.notify_one();
}

Status JournalImpl::append(std::span<const JournalEntry> entries, Done done) {
  if (entries.empty()) {
    return {StatusCode::INVALID_ARGUMENT, directory_ + ": append: expected an entry, found none"};
  }
  MutexLock lock(mutex_);
  KVHOST_TRY(check_open());
  uint64_t bytes = 0;
  KVHOST_TRY(check_entries(entries, bytes));
  auto block = JournalBlock::of(entries);
  tail_.push(block);
  last_ = entries.back().index;
  queue({JournalRecordType::kEntry, 0, std::move(block), std::move(done)});
  return Status::ok();
}

Result<JournalSlice> JournalImpl::read(uint64_t from, uint64_t max_bytes) {
  const auto below_first = [&](uint64_t first) {
    return Status(StatusCode::COMPACTED,
                  directory_ + ": the entry with index " + std::to_string(from) +
                      " is gone; the first one held is " + std::to_string(first));
  };
  JournalSlice slice;
  JournalRun run;
  {
    MutexLock lock(mutex_);
    if (from < first_) return below_first(first_);
    if (from > last_) return slice;
    if (from >= tail_.first()) {
      tail_.collect(from, max_bytes, slice);
      return slice;
    }
    const auto point = index_.find(from);
    if (!point) {
      return Status(StatusCode::INTERNAL,
                    directory_ + ": no place is known of index " + std::to_string(from));
    }
    run = {*point, from,
           std::min({index_.end_of_run(from), tail_.first(), last_ + 1, written_last_ + 1})};
  }
  const Status done = read_journal_run(files_, directory_, run, max_bytes, slice);
  if (done.is_ok()) return slice;
  MutexLock lock(mutex_);
  // Its segment may have been given back while it was read.
  if (from < first_) return below_first(first_);
  return done;
}

Status JournalImpl::truncate_before(uint64_t index) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_open());
  if (index <= first_) return Status::ok();
  first_ = index;
  last_ = std::max(last_, index - 1);
  tail_.drop_below(index);
  Change change{JournalRecordType::kStart, index, nullptr, nullptr};
  append_journal_record(change.record, {JournalRecordType::kStart, index, 0, {}});
  queue(std::move(change));
  return Status::ok();
}

Status JournalImpl::truncate_after(uint64_t index) {
  Mutex done_mutex;
  CondVar done_changed;
  std::optional<Status> outcome;
  {
    MutexLock lock(mutex_);
    KVHOST_TRY(check_open());
    if (index + 1 < first_) {
      return {StatusCode::INVALID_ARGUMENT, directory_ + ": truncate_after: expected at least " +
                                                std::to_string(first_ - 1) + ", found " +
                                                std::to_string(index)};
    }
    if (index >= last_) return Status::ok();
    Change change{JournalRecordType::kCut, index, nullptr, [&](const Status& status) {
                    MutexLock done_lock(done_mutex);
                    outcome = status;
                    done_changed.notify_one();
                  }};
    append_journal_record(change.record, {JournalRecordType::kCut, index, 0, {}});
    queue(std::move(change));
  }
  MutexLock done_lock(done_mutex);
  while (!outcome) done_changed.wait(done_mutex);
  return *outcome;
}

// --- The writer.

void JournalImpl::run_writer() {
  MutexLock lock(mutex_);
  for (;;) {
    while (queue_.empty() && !is_closing_) work_.wait(mutex_);
    if (queue_.empty()) return;
    Changes changes(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    queue_.clear();
    lock.unlock();
    commit(changes);
    changes.clear();
    lock.lock();
  }
}

std::size_t JournalImpl::group_end(const Changes& changes, std::size_t begin) const {
  const uint64_t limit = std::min(kMaxGroupBytes, options_.segment_size / 4);
  uint64_t bytes = 0;
  std::size_t end = begin;
  while (end < changes.size()) {
    bytes += changes[end].bytes();
    if (end > begin && bytes > limit) break;
    ++end;
  }
  return end;
}

void JournalImpl::commit(Changes& changes) {
  {
    MutexLock lock(mutex_);
    const Status failure = failure_;
    lock.unlock();
    if (!failure.is_ok()) return refuse_rest(failure, changes, 0);
  }
  Status appended;
  std::size_t written = 0;
  while (written < changes.size()) {
    const std::size_t end = group_end(changes, written);
    appended = append_group(std::span(changes).subspan(written, end - written));
    if (!appended.is_ok()) break;
    written = end;
  }
  const Status synced = log_->sync();
  const bool is_full = appended.code() == StatusCode::NO_SPACE && synced.is_ok();
  const Status& failure = synced.is_ok() ? appended : synced;
  {
    MutexLock lock(mutex_);
    if (synced.is_ok()) {
      durable_ = written_last_;
      tail_.trim(options_.tail_bytes, durable_);
      if (floor_.segment > released_segment_) want_release();
    }
    if (!failure.is_ok() && !is_full) {
      failure_ = failure;
      logger_.log(LogLevel::kError, directory_ + ": " + failure.to_string());
    }
    const uint64_t segment = log_->end_position().segment;
    if (std::exchange(segment_, segment) != segment) want_spare();
    for (std::size_t i = 0; i < written; ++i) pending_bytes_ -= changes[i].bytes();
  }
  must_rotate_ = must_rotate_ || is_full;
  finish(std::span(changes).first(written), synced);
  if (written < changes.size()) refuse_rest(failure, changes, written);
}

Status JournalImpl::append_group(std::span<Change> group) {
  if (must_rotate_) {
    KVHOST_TRY(log_->rotate());
    must_rotate_ = false;
  }
  std::vector<std::string_view> records;
  std::string owed;
  if (owed_start_ != 0) {
    append_journal_record(owed, {JournalRecordType::kStart, owed_start_, 0, {}});
    records.push_back(owed);
  }
  for (const Change& change : group) {
    if (change.block == nullptr) {
      records.push_back(change.record);
      continue;
    }
    for (std::size_t i = 0; i < change.block->entries.size(); ++i) {
      records.push_back(change.block->record(i));
    }
  }
  uint64_t bytes = 0;
  for (const std::string_view record : records) bytes += record_size(record.size());
  const Result<LogPosition> end = log_->append_group(records);
  if (!end) return end.error();
  note_written(group, {end->segment, end->offset - bytes}, owed_start_ != 0);
  owed_start_ = 0;
  return Status::ok();
}

void JournalImpl::note_written(std::span<const Change> group, LogPosition at, bool has_owed_start) {
  MutexLock lock(mutex_);
  const auto pass = [&](std::size_t record) { at.offset += record_size(record); };
  if (has_owed_start) {
    note_start(owed_start_, at);
    pass(kJournalIndexRecordBytes);
  }
  for (const Change& change : group) {
    if (change.type == JournalRecordType::kStart) note_start(change.index, at);
    if (change.type == JournalRecordType::kCut) note_cut(change.index);
    if (change.block == nullptr) {
      pass(change.record.size());
      continue;
    }
    for (std::size_t i = 0; i < change.block->entries.size(); ++i) {
      index_.note(change.block->first_index + i, at);
      pass(change.block->entries[i].size);
    }
    written_last_ = change.block->first_index + change.block->entries.size() - 1;
  }
}

void JournalImpl::note_start(uint64_t index, LogPosition at) {
  written_first_ = index;
  if (index > written_last_) {
    written_last_ = index - 1;
    index_.clear();
    floor_ = at;
    return;
  }
  index_.drop_below(index);
  if (const auto front = index_.front()) floor_ = front->position;
}

void JournalImpl::note_cut(uint64_t index) {
  index_.drop_above(index);
  tail_.drop_above(index);
  written_last_ = std::min(written_last_, index);
  last_ = std::min(last_, index);
}

void JournalImpl::refuse_rest(const Status& cause, Changes& changes, std::size_t written) {
  Changes refused(std::make_move_iterator(changes.begin() + static_cast<std::ptrdiff_t>(written)),
                  std::make_move_iterator(changes.end()));
  {
    MutexLock lock(mutex_);
    refused.insert(refused.end(), std::make_move_iterator(queue_.begin()),
                   std::make_move_iterator(queue_.end()));
    queue_.clear();
    for (const Change& change : refused) {
      pending_bytes_ -= change.bytes();
      if (change.type == JournalRecordType::kStart) owed_start_ = change.index;
    }
    last_ = std::max(written_last_, first_ - 1);
    tail_.drop_above(written_last_);
  }
  finish(refused, cause);
}

void JournalImpl::finish(std::span<Change> changes, const Status& status) {
  for (Change& change : changes) {
    if (change.done) change.done(status);
  }
}

}  // namespace kvhost::engine
