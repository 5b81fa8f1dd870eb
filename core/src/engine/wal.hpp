// The engine's use of its log: groups are appended by the leader and made durable by whoever needs
// it, with the durations counted. Without a log (a replication strategy keeps one) there is no Wal.
//
// Threads:   append_group() and rotate() by the leader of the writes; sync() by any.
// Errors:    those of LogWriter; every one is reported to the background errors.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/mutex.hpp"
#include "engine/background_errors.hpp"
#include "engine/statistics_counters.hpp"
#include "kvhost/engine/clock.hpp"
#include "log/log_writer.hpp"

namespace kvhost::engine {

class Wal {
 public:
  Wal(std::unique_ptr<LogWriter> writer, Clock& clock, BackgroundErrors& errors,
      StatisticsCounters& counters)
      : writer_(std::move(writer)),
        clock_(clock),
        errors_(errors),
        counters_(counters),
        end_(writer_->end_position()) {}

  Status append_group(std::span<const std::string_view> payloads);
  // Makes everything appended so far durable; nothing is done when it is already.
  Status sync();
  Status rotate();
  // Of a clean end: syncs and marks the end of the log.
  Status close();

  bool is_durable() const { return writer_->durable_position() >= writer_->end_position(); }
  LogWriter& writer() { return *writer_; }
  const LogWriter& writer() const { return *writer_; }

 private:
  Result<LogPosition> append_or_run_out(std::span<const std::string_view> payloads);

  const std::unique_ptr<LogWriter> writer_;
  Clock& clock_;
  BackgroundErrors& errors_;
  StatisticsCounters& counters_;
  // After the last group that was appended; of the leader of the writes.
  LogPosition end_;
  // LogWriter::sync() takes one thread at a time.
  Mutex sync_mutex_;
};

}  // namespace kvhost::engine
