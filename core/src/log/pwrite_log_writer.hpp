// The LogWriter that hands records to the kernel by positioned writes.
//
// The next segment is begun ahead, beside the appends. Its header must say where the log leaves the
// current one: at that one's very end. So when the time comes, what is left of the current segment
// is filled by a mark, and the log goes on in the next one without touching a file.
//
// Threads:   as LogWriter says. The appending thread owns buffer_ and current_, which only it
//            changes, under the mutex; all that the syncing thread or others see is guarded.
// Errors:    append_failure_ stops appends; sync_failure_ (set along with it) stops syncs, too.
#pragma once

#include <atomic>
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
  bool needs_next() const override { return wants_next_.load(std::memory_order_relaxed); }
  Status prepare_next() override;
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
  Result<LogPosition> write_records(RecordKind kind, std::span<const std::string_view> payloads,
                                    const Tip& start);
  Status adopt_existing();
  // A new segment of at least `bytes` that goes on from `previous`. One thread at a time.
  Result<SegmentPointer> make_segment(const LogPosition& previous, uint64_t bytes);
  // Makes such a segment the current one.
  Status begin_segment(const LogPosition& previous, uint64_t bytes);
  // Leaves the current segment for one that takes `bytes`: the prepared one, if it fits.
  Status switch_segment(const Tip& from, uint64_t bytes);
  Status go_on_in(SegmentPointer next, const Tip& from, uint64_t bytes);
  Status rotate_now();
  // The prepared segment, or null; waits for a preparation under way, and until finish_making()
  // none begins. Who does not use it leaves a file that no header names: it is released like the
  // others.
  SegmentPointer take_next() KVHOST_REQUIRES(mutex_);
  void finish_making();
  // Ends the making also when memory runs out in it: whoever comes next would wait for ever.
  struct Making {
    explicit Making(PwriteLogWriter& writer) : log(writer) {}
    ~Making() { log.finish_making(); }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    PwriteLogWriter& log;
  };
  // Writes a mark over the last `bytes` of the current segment.
  Status fill_rest(const Tip& from, uint64_t bytes);
  void enter(SegmentPointer segment);
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
  std::atomic<bool> wants_next_{false};

  mutable Mutex mutex_;
  CondVar sync_finished_;
  CondVar making_finished_;
  Random incarnations_ KVHOST_GUARDED_BY(mutex_);
  uint64_t next_number_ KVHOST_GUARDED_BY(mutex_) = 1;
  SegmentPointer next_ KVHOST_GUARDED_BY(mutex_);
  // A segment is being made, or decided upon, by one thread.
  bool is_making_ KVHOST_GUARDED_BY(mutex_) = false;
  // The segment that a next one was asked for last.
  uint64_t asked_for_ KVHOST_GUARDED_BY(mutex_) = 0;
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
