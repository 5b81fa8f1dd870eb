#include "log/pwrite_log_writer.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "log/segment_chain.hpp"

namespace kvhost::engine {
namespace {

// A buffer that a huge record left behind is given back.
constexpr std::size_t kKeptBuffer = std::size_t{4} << 20;
constexpr uint64_t kBlock = 4096;
// More than this is not filled to reach a prepared segment: a huge record came early.
constexpr uint64_t kLongestFilling = uint64_t{2} << 20;

uint64_t round_up_to_block(uint64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

// A full disk that shows at a sync has lost bytes that the kernel had accepted: no longer harmless.
Status as_sync_failure(const Status& cause) {
  if (cause.code() != StatusCode::NO_SPACE) return cause;
  return {StatusCode::IO_ERROR, cause.message() + "; the disk was full when the log was synced"};
}

Status refused(const Status& cause) {
  return cause.with_context("the log takes no more since an earlier failure");
}

}  // namespace

PwriteLogWriter::PwriteLogWriter(FileSystem& files, std::string directory,
                                 const LogOptions& options)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      pool_(files, directory_, options.segment_size, options.max_spares),
      incarnations_(options.incarnation_seed != 0 ? options.incarnation_seed : random_seed()) {}

Status PwriteLogWriter::adopt_existing() {
  KVHOST_TRY_ASSIGN(const auto names, files_.list(directory_));
  KVHOST_TRY(pool_.adopt(names));
  for (const uint64_t number : segment_numbers(names)) {
    KVHOST_TRY_ASSIGN(const uint64_t bytes,
                      files_.file_size(directory_ + "/" + segment_file_name(number)));
    MutexLock lock(mutex_);
    live_[number] = {bytes, 0, false};
  }
  return Status::ok();
}

Status PwriteLogWriter::start(const LogEnd& end) {
  // What recovery read may so far lie in the page cache only, and the new header will call it
  // durable.
  for (const uint64_t number : end.replayed) {
    KVHOST_TRY_ASSIGN(const auto file,
                      files_.open_positioned(directory_ + "/" + segment_file_name(number)));
    if (Status synced = file->sync(); !synced.is_ok()) return as_sync_failure(synced);
  }
  KVHOST_TRY(adopt_existing());
  {
    MutexLock lock(mutex_);
    next_number_ = end.next_segment;
    end_ = durable_ = end.position;
    if (end.position.segment != 0) live_[end.position.segment].incarnation = end.incarnation;
  }
  KVHOST_TRY(begin_segment(end.position, options_.segment_size));
  MutexLock lock(mutex_);
  durable_ = end_;
  return Status::ok();
}

uint64_t PwriteLogWriter::incarnation_of(uint64_t segment) const {
  const auto found = live_.find(segment);
  return found == live_.end() ? 0 : found->second.incarnation;
}

Result<PwriteLogWriter::SegmentPointer> PwriteLogWriter::make_segment(const LogPosition& previous,
                                                                      uint64_t bytes) {
  SegmentHeader header;
  header.previous_end = previous;
  {
    MutexLock lock(mutex_);
    header.number = next_number_;
    header.incarnation = incarnations_.next();
    header.previous_incarnation = incarnation_of(previous.segment);
    header.durable = durable_;
  }
  auto segment = SegmentWriter::begin(files_, directory_, pool_, bytes, header, options_.is_mapped);
  if (!segment) {
    abandon_number(header.number, bytes);
    return segment.error();
  }
  MutexLock lock(mutex_);
  ++next_number_;
  live_[header.number] = {(*segment)->size(), header.incarnation, false};
  return segment;
}

void PwriteLogWriter::enter(SegmentPointer segment) {
  MutexLock lock(mutex_);
  current_ = std::move(segment);
  end_ = {current_->number(), kSegmentHeaderSize};
}

Status PwriteLogWriter::begin_segment(const LogPosition& previous, uint64_t bytes) {
  KVHOST_TRY_ASSIGN(SegmentPointer segment, make_segment(previous, bytes));
  enter(std::move(segment));
  return Status::ok();
}

Status PwriteLogWriter::prepare_next() {
  LogPosition previous;
  {
    MutexLock lock(mutex_);
    wants_next_.store(false, std::memory_order_relaxed);
    if (is_making_ || next_ != nullptr || !append_failure_.is_ok()) return Status::ok();
    is_making_ = true;
    previous = {current_->number(), current_->size()};
  }
  SegmentPointer segment;
  {
    const Making making(*this);
    KVHOST_TRY_ASSIGN(segment, make_segment(previous, options_.segment_size));
    MutexLock lock(mutex_);
    next_ = segment;
  }
  segment->will_write();
  return Status::ok();
}

PwriteLogWriter::SegmentPointer PwriteLogWriter::take_next() {
  while (is_making_) making_finished_.wait(mutex_);
  is_making_ = true;
  return std::exchange(next_, nullptr);
}

void PwriteLogWriter::finish_making() {
  MutexLock lock(mutex_);
  is_making_ = false;
  making_finished_.notify_all();
}

Status PwriteLogWriter::fill_rest(const Tip& from, uint64_t bytes) {
  const std::string nothing(bytes - kRecordHeaderSize, '\0');
  const std::string_view payload = nothing;
  return write_records(RecordKind::kMark, std::span(&payload, 1), from).status();
}

Status PwriteLogWriter::switch_segment(const Tip& from, uint64_t bytes) {
  SegmentPointer next;
  {
    MutexLock lock(mutex_);
    next = take_next();
  }
  const Making making(*this);
  return go_on_in(std::move(next), from, bytes);
}

Status PwriteLogWriter::go_on_in(SegmentPointer next, const Tip& from, uint64_t bytes) {
  const uint64_t rest = current_->size() - from.end.offset;
  const bool can_fill = rest == 0 || (rest >= kRecordHeaderSize && rest <= kLongestFilling);
  if (next != nullptr && next->fits(kSegmentHeaderSize, bytes) && can_fill) {
    if (rest > 0) KVHOST_TRY(fill_rest(from, rest));
    enter(std::move(next));
    return Status::ok();
  }
  const uint64_t needed = round_up_to_block(kSegmentHeaderSize + bytes);
  const Status begun = begin_segment(from.end, std::max(needed, options_.segment_size));
  return begun.is_ok() ? begun : fail_append(begun);
}

// A name that is, or may be, in the directory is not given to another file.
void PwriteLogWriter::abandon_number(uint64_t number, uint64_t bytes) {
  const auto left_behind = files_.exists(directory_ + "/" + segment_file_name(number));
  if (left_behind && !*left_behind) return;
  MutexLock lock(mutex_);
  ++next_number_;
  live_[number] = {bytes, 0, true};
}

Result<PwriteLogWriter::Tip> PwriteLogWriter::tip() const {
  MutexLock lock(mutex_);
  if (!append_failure_.is_ok()) return refused(append_failure_);
  return Tip{end_, durable_};
}

Result<LogPosition> PwriteLogWriter::append(std::string_view payload) {
  return append_group(std::span(&payload, 1));
}

Result<LogPosition> PwriteLogWriter::append_group(std::span<const std::string_view> payloads) {
  uint64_t bytes = 0;
  for (const std::string_view payload : payloads) {
    bytes += record_size(payload.size());
    if (payload.size() > kMaxLogRecord || bytes > record_size(kMaxLogRecord)) {
      return Status(StatusCode::TOO_LARGE, directory_ + ": log record: expected at most " +
                                               std::to_string(kMaxLogRecord) +
                                               " bytes in a group, found more; split the batch");
    }
  }
  KVHOST_TRY_ASSIGN(Tip start, tip());
  if (payloads.empty()) return start.end;
  if (!current_->fits(start.end.offset, bytes)) {
    KVHOST_TRY(switch_segment(start, bytes));
    KVHOST_TRY_ASSIGN(start, tip());
  }
  return write_records(RecordKind::kPayload, payloads, start);
}

Result<LogPosition> PwriteLogWriter::write_records(RecordKind kind,
                                                   std::span<const std::string_view> payloads,
                                                   const Tip& start) {
  LogPosition at = start.end;
  buffer_.clear();
  for (const std::string_view payload : payloads) {
    append_record(buffer_, kind, payload, at, current_->incarnation(), start.durable);
    at.offset = start.end.offset + buffer_.size();
  }
  if (Status written = current_->write(start.end.offset, buffer_); !written.is_ok()) {
    return fail_write(written);
  }
  if (buffer_.capacity() > kKeptBuffer) std::string().swap(buffer_);
  MutexLock lock(mutex_);
  end_ = at;
  if (unsynced_.empty() || unsynced_.back() != current_) unsynced_.push_back(current_);
  if (at.offset >= current_->size() / 2 && asked_for_ != at.segment) {
    asked_for_ = at.segment;
    wants_next_.store(true, std::memory_order_relaxed);
  }
  return at;
}

// No segment could be begun: what was appended before is as good as ever and can still be synced.
Status PwriteLogWriter::fail_append(const Status& cause) {
  MutexLock lock(mutex_);
  append_failure_ = cause;
  return cause;
}

Status PwriteLogWriter::fail_write(const Status& cause) {
  MutexLock lock(mutex_);
  append_failure_ = cause;
  live_[current_->number()].is_tainted = true;
  if (cause.code() != StatusCode::NO_SPACE) sync_failure_ = cause;
  return cause;
}

Status PwriteLogWriter::sync() {
  MutexLock lock(mutex_);
  KVHOST_ASSERT(!is_syncing_, "the log is synced by one thread at a time");
  if (!sync_failure_.is_ok()) return refused(sync_failure_);
  const LogPosition target = end_;
  if (durable_ == target) return Status::ok();
  const std::vector<SegmentPointer> segments = unsynced_;
  is_syncing_ = true;
  lock.unlock();
  Status synced;
  for (std::size_t i = 0; i < segments.size() && synced.is_ok(); ++i) synced = segments[i]->sync();
  lock.lock();
  is_syncing_ = false;
  sync_finished_.notify_all();
  if (!synced.is_ok()) {
    append_failure_ = sync_failure_ = as_sync_failure(synced);
    return sync_failure_;
  }
  durable_ = target;
  const bool is_all = end_ == target;
  std::erase_if(unsynced_, [&](const SegmentPointer& segment) {
    return is_all || segment->number() < target.segment;
  });
  return Status::ok();
}

Status PwriteLogWriter::rotate() {
  {
    MutexLock lock(mutex_);
    // The prepared segment, if any, says that the log went on to the end of the current one: it is
    // left aside.
    take_next();
  }
  const Making making(*this);
  return rotate_now();
}

Status PwriteLogWriter::rotate_now() {
  MutexLock lock(mutex_);
  // A sync under way decides how far the log reached.
  while (is_syncing_) sync_finished_.wait(mutex_);
  const bool is_lossy = !sync_failure_.is_ok();
  const bool is_fresh = append_failure_.is_ok() && end_.offset == kSegmentHeaderSize;
  if (is_fresh) return Status::ok();
  const LogPosition previous = is_lossy ? durable_ : end_;
  lock.unlock();
  const Status begun = begin_segment(previous, options_.segment_size);
  lock.lock();
  if (!begun.is_ok()) return begun;
  append_failure_ = Status::ok();
  if (!is_lossy) return Status::ok();
  sync_failure_ = Status::ok();
  unsynced_.clear();
  durable_ = end_;
  for (auto& [number, segment] : live_) {
    if (number >= previous.segment && number < end_.segment) segment.is_tainted = true;
  }
  return Status::ok();
}

Status PwriteLogWriter::close() {
  KVHOST_TRY(sync());
  KVHOST_TRY_ASSIGN(const Tip last, tip());
  if (last.end.offset == kSegmentHeaderSize) return Status::ok();
  // The mark says that all before it is durable; so does the header of a further segment.
  if (!current_->fits(last.end.offset, record_size(0))) return rotate();
  const std::string_view nothing;
  KVHOST_TRY(write_records(RecordKind::kMark, std::span(&nothing, 1), last).status());
  return sync();
}

Status PwriteLogWriter::release_before(const LogPosition& position) {
  std::map<uint64_t, LiveSegment> released;
  {
    MutexLock lock(mutex_);
    const uint64_t first_kept = std::min(position.segment, end_.segment);
    for (auto at = live_.begin(); at != live_.end() && at->first < first_kept;) {
      released.insert(live_.extract(at++));
    }
    std::erase_if(unsynced_,
                  [&](const SegmentPointer& segment) { return segment->number() < first_kept; });
  }
  Status first_error;
  for (const auto& [number, segment] : released) {
    const std::string path = directory_ + "/" + segment_file_name(number);
    const Status done = segment.is_tainted ? files_.remove(path) : pool_.put(path, segment.bytes);
    if (!done.is_ok() && first_error.is_ok()) first_error = done;
  }
  return first_error;
}

LogPosition PwriteLogWriter::end_position() const {
  MutexLock lock(mutex_);
  return end_;
}

LogPosition PwriteLogWriter::durable_position() const {
  MutexLock lock(mutex_);
  return durable_;
}

LogUsage PwriteLogWriter::usage() const {
  MutexLock lock(mutex_);
  LogUsage usage;
  usage.segments = live_.size();
  for (const auto& [number, segment] : live_) usage.bytes += segment.bytes;
  usage.spares = pool_.spares();
  return usage;
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(FileSystem& files, std::string directory,
                                                   const LogOptions& options, const LogEnd& end) {
  if (options.segment_size < 2 * kSegmentHeaderSize || options.segment_size % kBlock != 0) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  directory +
                      ": segment_size: expected a multiple of 4096 of at least 8192, found " +
                      std::to_string(options.segment_size));
  }
  auto writer = std::make_unique<PwriteLogWriter>(files, std::move(directory), options);
  KVHOST_TRY(writer->start(end));
  return std::unique_ptr<LogWriter>(std::move(writer));
}

}  // namespace kvhost::engine
