#include "engine/log_replay.hpp"

#include <algorithm>

#include "engine/memtable_insert.hpp"
#include "format/log_batch.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

Result<ReplayedLog> replay_log(FileSystem& files, const std::string& directory,
                               const VersionState& state, MemtableSet& memtables,
                               Flusher& flusher) {
  ReplayedLog replayed;
  replayed.last_sequence = state.last_sequence;
  replayed.last_now_ms = state.log_time_ms;
  const auto take = [&](std::string_view payload, LogPosition position) -> Status {
    const LogBatchDecoder record(payload);
    KVHOST_TRY(record.status().with_context("log record at " + to_string(position)));
    const LogBatchHeader& header = record.header();
    if (header.effects == 0 || header.first_sequence + header.effects - 1 <= state.last_sequence) {
      return Status::ok();  // in the tables already: a flush was faster than the log's release
    }
    if (header.first_sequence <= replayed.last_sequence) {
      return {StatusCode::CORRUPTION, "log record at " + to_string(position) +
                                          ": expected a sequence number above " +
                                          std::to_string(replayed.last_sequence) + ", found " +
                                          std::to_string(header.first_sequence)};
    }
    if (memtables.is_active_full()) {
      memtables.switch_active(position);
      KVHOST_TRY(flusher.flush_oldest());
    }
    const auto inserted = insert_payload(payload, memtables.active());
    if (!inserted) return inserted.error().with_context("log record at " + to_string(position));
    replayed.last_sequence = header.first_sequence + header.effects - 1;
    replayed.last_now_ms = std::max(replayed.last_now_ms, header.now_ms);
    return Status::ok();
  };
  auto end = recover_log(files, log_path(directory), {state.log_start, state.log_durable}, take);
  if (!end) {
    const Status& failure = end.error();
    if (failure.code() != StatusCode::CORRUPTION) return failure;
    return Status(failure.code(), failure.message() + "; run `kvctl repair " + directory + "`");
  }
  replayed.end = std::move(*end);
  return replayed;
}

}  // namespace kvhost::engine
