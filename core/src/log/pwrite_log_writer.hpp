// The LogWriter that hands records to the kernel by positioned writes.
//
// Threads:   as LogWriter says. The appending thread owns current_, buffer_ and incarnations_; all
//            that the syncing thread or others see is guarded.
// Errors:    append_failure_ stops appends; sync_failure_ (set along with it) stops syncs, too.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/random.hpp"
#include "log/log_writer.hpp"
#include "log/segment_pool.hpp"
#include "log/segment_writer.hpp"

namespace kvhost::engine {

class PwriteLogWriter final : public LogWriter {
 public:
  PwriteLogWriter(FileSystem& files, std::string directory, const LogOptions& options);

  // The work of LogWriter::open().
  Status start(const LogEnd& end);

  Result<LogPosition> append(std::string_view payload) override;
  Result<LogPosition> append_group(std::span<const std::string_view> payloads) override;
  Status sync() override;
  Status rotate() override;
  Status close() override;
  Status release_before(const LogPosition& position) override;
  bool needs_spare() const override { return pool_.spares() == 0; }
  Status prepare_spare() override { return pool_.prepare(); }
  LogPosition end_position() const override;
  LogPosition durable_position() const override;
  LogUsage usage() const override;

 private:
  using SegmentPointer = std::shared_ptr<SegmentWriter>;

  // A segment file that has not been released.
  struct LiveSegment {
    uint64_t bytes = 0;
    uint64_t incarnation = 0;
    // A failed write or sync touched it: never to be used again.
    bool is_tainted = false;
  };
  // What an append begins from.
  struct Tip {
    LogPosition end;
    LogPosition durable;
  };

  Result<Tip> tip() const;
  Result<LogPosition> write_records(RecordKind kind, std::span<const std::string_view> payloads);
  Status adopt_existing();
  // Makes a segment of at least `bytes` that goes on from `previous` the current one.
  Status begin_segment(const LogPosition& previous, uint64_t bytes);
  void abandon_number(uint64_t number, uint64_t bytes);
  Status fail_append(const Status& cause);
  Status fail_write(const Status& cause);
  uint64_t incarnation_of(uint64_t segment) const KVHOST_REQUIRES(mutex_);

  FileSystem& files_;
  const std::string directory_;
  const LogOptions options_;
  SegmentPool pool_;

  SegmentPointer current_;
  std::string buffer_;
  Random incarnations_;
  uint64_t next_number_ = 1;

  mutable Mutex mutex_;
  CondVar sync_finished_;
  LogPosition end_ KVHOST_GUARDED_BY(mutex_);
  LogPosition durable_ KVHOST_GUARDED_BY(mutex_);
  Status append_failure_ KVHOST_GUARDED_BY(mutex_);
  Status sync_failure_ KVHOST_GUARDED_BY(mutex_);
  bool is_syncing_ KVHOST_GUARDED_BY(mutex_) = false;
  // Segments with records that no sync has covered, oldest first.
  std::vector<SegmentPointer> unsynced_ KVHOST_GUARDED_BY(mutex_);
  std::map<uint64_t, LiveSegment> live_ KVHOST_GUARDED_BY(mutex_);
};

}  // namespace kvhost::engine
