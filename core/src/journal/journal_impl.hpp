// The journal: a queue of changes that one thread writes and syncs in groups.
//
// Threads:   callers change first_, last_ and the tail under the lock and queue what the log shall
//            say. The writer takes all that has gathered, appends it, syncs once, tells the
//            callers. The keeper lets whole segments go and has spare ones made.
// Invariants: what the tail does not hold is durable and in the index. Index and written_… follow
//            the log's order; first_ and last_ are ahead of them by what is queued.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "journal/journal_index.hpp"
#include "journal/journal_recovery.hpp"
#include "journal/journal_tail.hpp"
#include "kvhost/engine/journal.hpp"
#include "log/log_writer.hpp"

namespace kvhost::engine {

class JournalImpl final : public Journal {
 public:
  JournalImpl(FileSystem& files, std::string directory, const JournalOptions& options,
              Logger& logger, RecoveredJournal recovered);
  ~JournalImpl() override;
  // The work of Journal::open() after the recovery.
  Status start(const LogEnd& end);

  uint64_t first() const override;
  uint64_t last() const override;
  uint64_t durable() const override;
  Status append(std::span<const JournalEntry> entries, Done done) override;
  Result<JournalSlice> read(uint64_t from, uint64_t max_bytes) override;
  Status truncate_before(uint64_t index) override;
  Status truncate_after(uint64_t index) override;
  Status put_meta(std::string_view name, std::string_view value) override;
  std::optional<std::string> get_meta(std::string_view name) const override;
  uint64_t disk_bytes() const override { return log_->usage().bytes; }
  Status close() override;

 private:
  struct Change {
    JournalRecordType type = JournalRecordType::kEntry;
    uint64_t index = 0;  // kStart, kCut
    std::shared_ptr<const JournalBlock> block;
    Done done;
    std::string record = {};  // kStart, kCut
    uint64_t bytes() const { return block ? block->bytes.size() : record.size(); }
  };
  using Changes = std::vector<Change>;

  void stop_threads();
  Status check_open() const KVHOST_REQUIRES(mutex_);
  Status check_entries(std::span<const JournalEntry> entries, uint64_t& bytes) const
      KVHOST_REQUIRES(mutex_);
  void queue(Change change) KVHOST_REQUIRES(mutex_);

  // The writer.
  void run_writer();
  void commit(Changes& changes);
  std::size_t group_end(const Changes& changes, std::size_t begin) const;
  Status append_group(std::span<Change> group);
  void note_written(std::span<const Change> group, LogPosition at, bool has_owed_start);
  void note_start(uint64_t index, LogPosition at) KVHOST_REQUIRES(mutex_);
  void note_cut(uint64_t index) KVHOST_REQUIRES(mutex_);
  // Everything not written yet is refused, what is queued meanwhile included.
  void refuse_rest(const Status& cause, Changes& changes, std::size_t written);
  static void finish(std::span<Change> changes, const Status& status);

  // The keeper.
  void want_spare() KVHOST_REQUIRES(mutex_);
  void want_release() KVHOST_REQUIRES(mutex_);
  void run_keeper();
  void release_segments();
  Status store_meta(const JournalMeta& meta);

  FileSystem& files_;
  const std::string directory_;
  const JournalOptions options_;
  Logger& logger_;
  std::unique_ptr<LogWriter> log_;

  mutable Mutex mutex_;
  CondVar work_;
  std::deque<Change> queue_ KVHOST_GUARDED_BY(mutex_);
  uint64_t pending_bytes_ KVHOST_GUARDED_BY(mutex_) = 0;
  JournalTail tail_ KVHOST_GUARDED_BY(mutex_);
  JournalIndex index_ KVHOST_GUARDED_BY(mutex_);
  uint64_t first_ KVHOST_GUARDED_BY(mutex_);
  uint64_t last_ KVHOST_GUARDED_BY(mutex_);
  uint64_t written_first_ KVHOST_GUARDED_BY(mutex_);
  uint64_t written_last_ KVHOST_GUARDED_BY(mutex_);
  uint64_t durable_ KVHOST_GUARDED_BY(mutex_);
  // Where the log must be read from to find everything that counts.
  LogPosition floor_ KVHOST_GUARDED_BY(mutex_);
  Status failure_ KVHOST_GUARDED_BY(mutex_);
  bool is_closing_ KVHOST_GUARDED_BY(mutex_) = false;

  CondVar keeping_;
  bool wants_release_ KVHOST_GUARDED_BY(mutex_) = false;
  bool wants_spare_ KVHOST_GUARDED_BY(mutex_) = false;
  bool keeper_ends_ KVHOST_GUARDED_BY(mutex_) = false;
  uint64_t released_segment_ KVHOST_GUARDED_BY(mutex_);
  JournalMeta meta_ KVHOST_GUARDED_BY(mutex_);

  // Held while META is written; taken before mutex_.
  Mutex meta_mutex_;
  Status meta_failure_ KVHOST_GUARDED_BY(meta_mutex_);

  // The writer's own.
  uint64_t segment_ = 0;
  bool must_rotate_ = false;
  // A cut below that a full disk kept out of the log: it goes before the next entry.
  uint64_t owed_start_ = 0;

  std::thread writer_;
  std::thread keeper_;
};

}  // namespace kvhost::engine
