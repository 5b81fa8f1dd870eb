#include "engine/flusher.hpp"

#include <algorithm>
#include <chrono>

#include "sstable/table_builder.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

constexpr std::chrono::milliseconds kIdleWait{200};
constexpr std::chrono::milliseconds kRetryWait{100};

// Tells which versions of a key a flush may leave out: those that a newer one hides from every
// snapshot held and from every later reader. Readers of before keep the memtable itself.
class VersionFilter {
 public:
  explicit VersionFilter(std::vector<SequenceNumber> snapshots)
      : snapshots_(std::move(snapshots)) {}

  bool keeps(const Record& record) {
    const bool is_newest = !has_key_ || record.key != key_;
    if (is_newest) {
      key_ = record.key;
      has_key_ = true;
    }
    const bool is_seen = is_newest || is_between_snapshots(record.sequence, newer_);
    newer_ = record.sequence;
    return is_seen;
  }

 private:
  // A snapshot sees `older` and not yet `newer`.
  bool is_between_snapshots(SequenceNumber older, SequenceNumber newer) const {
    const auto first = std::lower_bound(snapshots_.begin(), snapshots_.end(), older);
    return first != snapshots_.end() && *first < newer;
  }

  const std::vector<SequenceNumber> snapshots_;
  std::string_view key_;  // lies in the memtable
  bool has_key_ = false;
  SequenceNumber newer_ = 0;
};

}  // namespace

Result<FileMetadata> Flusher::write_table(const MemtableUnit& unit, uint64_t number) {
  const std::string& directory = with_.versions.directory();
  const std::string path = table_path(directory, number);
  KVHOST_TRY_ASSIGN(auto file, with_.files.create(path));
  TableOptions options = table_;
  options.identity = FileIdentity::random();
  TableBuilder builder(options, std::move(file), path);
  VersionFilter filter(with_.snapshots.held());
  const auto records = unit.table.iterator();
  for (records->seek_to_first(); records->valid(); records->next()) {
    if (filter.keeps(records->record())) KVHOST_TRY(builder.add(records->record()));
  }
  for (const RangeTombstone& one : unit.table.range_tombstones()) builder.add_range_tombstone(one);
  KVHOST_TRY_ASSIGN(const TableProperties properties, builder.finish());
  // The name must be durable before the MANIFEST tells of it.
  KVHOST_TRY(with_.files.sync_directory(tables_path(directory)));
  return FileMetadata::of_table(number, properties, unit.last_now_ms);
}

Status Flusher::flush(const MemtableUnit& unit) {
  VersionEdit edit;
  edit.last_sequence = unit.last_sequence;
  edit.log_time_ms = unit.last_now_ms;
  if (unit.log_end > LogPosition{}) edit.log_start = unit.log_end;
  if (wal_ != nullptr) edit.log_durable = wal_->writer().durable_position();
  if (unit.has_position) edit.replication = unit.position;

  const uint64_t number = with_.versions.new_file_number();
  uint64_t bytes = 0;
  if (!unit.table.empty()) {
    Result<FileMetadata> table = write_table(unit, number);
    if (!table) {
      static_cast<void>(with_.files.remove(table_path(with_.versions.directory(), number)));
      return table.error();
    }
    bytes = table->bytes;
    edit.add_level0_run(with_.versions.new_run_id(), std::move(*table));
  }
  // When this fails the table may yet be named by the MANIFEST: it stays, an orphan at worst.
  if (const auto applied = with_.versions.log_and_apply(edit); !applied) return applied.error();
  count(with_.counters.flushes);
  count(with_.counters.flush_bytes_written, bytes);
  return Status::ok();
}

Status Flusher::flush_oldest() {
  std::shared_ptr<MemtableUnit> unit;
  {
    MutexLock lock(flush_mutex_);
    unit = with_.memtables.oldest_immutable();
    if (unit == nullptr) return Status::ok();
    KVHOST_TRY(flush(*unit));
    with_.memtables.drop_oldest();
    if (wal_ != nullptr && unit->log_end > LogPosition{}) {
      if (const Status released = wal_->writer().release_before(unit->log_end); !released) {
        with_.logger.log(LogLevel::kWarning,
                         "old log segments stay for now: " + released.to_string());
      }
    }
  }
  if (on_flushed_) on_flushed_(*unit);
  with_.memtables.finish_flush(unit->id);
  return Status::ok();
}

void Flusher::run() {
  while (!is_stopping_.load(std::memory_order_acquire)) {
    if (with_.errors.is_hard()) {
      with_.memtables.pause(kRetryWait);
      continue;
    }
    if (with_.memtables.immutable_count() == 0) {
      with_.memtables.wait_for_immutable(kIdleWait);
      continue;
    }
    is_busy_.store(true, std::memory_order_release);
    // A full disk may have stopped the MANIFEST, too.
    Status flushed = with_.versions.resume();
    if (flushed.is_ok()) flushed = flush_oldest();
    is_busy_.store(false, std::memory_order_release);
    is_failing_.store(!flushed.is_ok(), std::memory_order_release);
    if (!flushed) {
      with_.errors.report("flushing a memtable", flushed);
      with_.memtables.pause(kRetryWait);
    }
  }
}

void Flusher::stop() {
  is_stopping_.store(true, std::memory_order_release);
  with_.memtables.wake_all();
}

}  // namespace kvhost::engine
