// The engine behind kvhost/engine/engine.hpp: owns the parts and their threads, and passes calls
// on.
//
// Parts by the life of a write: WriteQueue → GroupCommit (BatchResolver → Wal → memtable → publish)
// → MemtableSet → Flusher → VersionSet → CompactionDriver. By the life of a read: SuperVersions →
// ReadPath or DbIterator → TableCache.
//
// Threads:   any. Of its own: commit (asynchronous writes), flush, maintenance, log sync (interval
//            mode), and those of the CompactionDriver.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>

#include "cache/block_cache.hpp"
#include "compaction/compaction_driver.hpp"
#include "engine/engine_use.hpp"
#include "engine/flusher.hpp"
#include "engine/group_commit.hpp"
#include "engine/log_replay.hpp"
#include "engine/read_path.hpp"
#include "engine/scrubber.hpp"
#include "engine/space_reserve.hpp"
#include "engine/worker_thread.hpp"
#include "engine/write_controller.hpp"
#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

class EngineImpl final : public Engine, private CompactionHost {
 public:
  EngineImpl(Options options, Environment environment);
  ~EngineImpl() override;
  // Once, before anything else.
  Status start(const std::string& directory);

  Result<GetResult> get(const ReadOptions& options, uint32_t space, std::string_view key) override;
  Result<std::vector<GetResult>> multi_get(const ReadOptions& options,
                                           std::span<const KeyRef> keys) override;
  std::unique_ptr<Snapshot> snapshot() override;
  Result<std::unique_ptr<Iterator>> iterator(const ReadOptions& options,
                                             const Range& range) override;

  Result<WriteResult> write(const WriteOptions& options, const WriteBatch& batch) override;
  void write_async(const WriteOptions& options, const WriteBatch& batch,
                   WriteCallback done) override;
  std::optional<Result<WriteResult>> try_write(const WriteBatch& batch) override;
  Result<std::vector<WriteResult>> apply(const ReplicationPosition& first,
                                         std::span<const OrderedBatch> batches) override;
  ReplicationPosition applied_position() override;
  ReplicationPosition durable_position() override;
  void on_durable(std::function<void(ReplicationPosition)> callback) override;

  uint64_t now_ms() override { return log_time_.now(); }
  uint64_t last_sequence() override { return visible_.load(std::memory_order_acquire); }

  Status flush() override;
  Status sync_wal() override;
  Status compact(const std::optional<Range>& range) override;
  Status wait_until_idle() override;
  void set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name) override;
  Status checkpoint(const std::string& directory) override;
  Result<ScrubReport> scrub(const ScrubOptions& options) override;
  Status background_error() override { return errors_.cause(); }
  Status resume() override;
  Statistics statistics() override;
  TreeSnapshot tree() override;
  Status close() override;

 private:
  // What needs the directory holds this meanwhile; close() waits for it.
  EngineUse use() { return {use_mutex_, is_open_}; }
  static Status refuse_closed();
  bool has_log() const { return options_.wal_sync != WalSync::kOff; }
  bool may_lose_acknowledged() const {
    return options_.wal_sync == WalSync::kInterval || options_.wal_sync == WalSync::kNever;
  }

  // Opening, in this order (engine_open.cpp).
  Status recover();
  Status open_log(const ReplayedLog& replayed);
  void build_write_path();
  void start_threads();
  CompactionSettings compaction_settings() const;
  TableOptions table_options() const;

  // Leading the writes (engine_write.cpp). The caller leads: serves one group and hands the lead
  // on. True when `mine` was in it.
  bool lead_writes(WriteRequest* mine);
  // The leader: a group can be carried out without waiting for anything.
  bool is_at_ease() const;
  // The leader, after a group: what the group has made due.
  void look_after_writes();
  // False: the leader's own request was refused meanwhile.
  bool make_room(WriteRequest* mine);
  void switch_memtable();
  WritePressure pressure() const;
  void run_commit_thread();
  Status check_write() const;
  Status check_apply(const ReplicationPosition& first);

  // In the background (engine_background.cpp).
  void maintain();
  void retry_after_soft_error();
  void note_flushed(const MemtableUnit& unit);
  Status flush_everything();
  std::vector<SequenceNumber> live_snapshots() override;
  uint64_t durable_log_time_ms() override;
  uint64_t write_bytes_per_second() override;
  bool is_flush_urgent() override;
  void tree_changed() override;
  void compaction_failed(const Status& failure) override;
  Status finish_log();
  void add_memory(Statistics& into) const;
  void add_tree(Statistics& into) const;

  const Options options_;
  const Environment environment_;
  FileSystem& files_;
  Clock& clock_;
  Logger& logger_;

  MemoryBudget budget_;
  BlockCache cache_;
  BackgroundErrors errors_;
  StatisticsCounters counters_;
  LogTime log_time_;
  std::atomic<SequenceNumber> visible_{0};
  const std::shared_ptr<SnapshotList> snapshots_ = std::make_shared<SnapshotList>();
  SuperVersions super_versions_;
  WriteQueue queue_;
  WriteController controller_;

  std::unique_ptr<VersionSet> versions_;
  std::unique_ptr<TableCache> tables_;
  std::unique_ptr<ReadPath> reads_;
  std::unique_ptr<MemtableSet> memtables_;
  std::unique_ptr<SequenceReserve> reserve_;
  std::unique_ptr<Flusher> flusher_;
  std::unique_ptr<Wal> wal_;
  std::unique_ptr<GroupCommit> commit_;
  std::unique_ptr<CompactionDriver> compaction_;
  std::unique_ptr<Scrubber> scrubber_;
  // The maintenance thread's.
  std::unique_ptr<SpaceReserve> space_;

  std::thread commit_thread_;
  std::thread flush_thread_;
  std::unique_ptr<WorkerThread> maintenance_;
  std::unique_ptr<WorkerThread> log_sync_;

  // The tree's share of the pressure on writes, as of its last change.
  std::atomic<uint64_t> level0_runs_{0};
  std::atomic<uint64_t> debt_bytes_{0};
  std::atomic<uint64_t> write_rate_{0};
  uint64_t last_written_ = 0;
  uint64_t last_maintained_ns_ = 0;

  mutable Mutex position_mutex_;
  ReplicationPosition applied_ KVHOST_GUARDED_BY(position_mutex_);
  ReplicationPosition durable_ KVHOST_GUARDED_BY(position_mutex_);
  std::function<void(ReplicationPosition)> on_durable_ KVHOST_GUARDED_BY(position_mutex_);

  std::atomic<bool> is_open_{false};
  std::shared_mutex use_mutex_;
  Mutex close_mutex_;
};

}  // namespace kvhost::engine
