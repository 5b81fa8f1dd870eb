#include "engine/wal.hpp"

#include "base/assert.hpp"
#include "engine/memory_guard.hpp"

namespace kvhost::engine {

// The writer gathers a group in memory before it writes: failing that, nothing has happened.
Result<LogPosition> Wal::append_or_run_out(std::span<const std::string_view> payloads) {
  auto end = or_out_of_memory([&] { return writer_->append_group(payloads); });
  KVHOST_ASSERT(
      end || end.error().code() != StatusCode::OUT_OF_MEMORY || writer_->end_position() == end_,
      "memory ran out between the log and its books; the next start replays the log");
  if (end) end_ = *end;
  return end;
}

Status Wal::append_group(std::span<const std::string_view> payloads) {
  const Result<LogPosition> end = append_or_run_out(payloads);
  if (!end) {
    // A record that is too long harms nothing but itself.
    if (end.error().code() != StatusCode::TOO_LARGE &&
        end.error().code() != StatusCode::OUT_OF_MEMORY) {
      errors_.report("appending to the log", end.error());
    }
    return end.error();
  }
  uint64_t bytes = 0;
  for (const std::string_view payload : payloads) bytes += payload.size();
  counters_.wal_bytes_written.add(bytes);
  counters_.wal_records.add(payloads.size());
  return Status::ok();
}

Status Wal::sync() {
  MutexLock lock(sync_mutex_);
  if (is_durable()) return Status::ok();
  const uint64_t begin_ns = clock_.monotonic_ns();
  const Status synced = writer_->sync();
  counters_.wal_sync_duration.record(clock_.monotonic_ns() - begin_ns);
  count(counters_.wal_syncs);
  if (!synced) errors_.report("syncing the log", synced);
  return synced;
}

Status Wal::rotate() {
  MutexLock lock(sync_mutex_);
  const Status rotated = writer_->rotate();
  end_ = writer_->end_position();
  return rotated;
}

Status Wal::close() {
  MutexLock lock(sync_mutex_);
  return writer_->close();
}

}  // namespace kvhost::engine
