// Opening and closing: what is built in which order, and what is left behind.
#include <algorithm>

#include "base/thread_name.hpp"
#include "engine/engine_impl.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

// A memtable smaller than this is left to the log at a clean end: the next start reads it faster
// than a small table would cost for ever after.
constexpr uint64_t kReplayedBytes = uint64_t{4} << 20;
constexpr std::chrono::milliseconds kMaintenanceInterval{200};

Codec table_codec(::kvhost::Codec codec) {
  switch (codec) {
    case ::kvhost::Codec::kNone:
      return Codec::kNone;
    case ::kvhost::Codec::kZstd:
      return Codec::kZstd;
    case ::kvhost::Codec::kDefault:
    case ::kvhost::Codec::kLz4:
      break;
  }
  return Codec::kLz4;
}

Status check_options(const Options& options) {
  const auto refuse = [](const std::string& what) {
    return Status(StatusCode::INVALID_ARGUMENT, "engine options: " + what);
  };
  if (options.memtable_size < 4096) return refuse("memtable_size must be at least 4 KiB");
  if (options.max_immutable_memtables < 1) return refuse("max_immutable_memtables must be above 0");
  if (options.wal_segment_size < 8192 || options.wal_segment_size % 4096 != 0) {
    return refuse("wal_segment_size must be a multiple of 4 KiB of at least 8 KiB");
  }
  if (options.max_batch_size + (uint64_t{1} << 20) > kMaxLogRecord &&
      options.wal_sync != WalSync::kOff) {
    return refuse("max_batch_size must be below 1 GiB, the longest record of the log");
  }
  return Status::ok();
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(const std::string& directory, Options options,
                                             Environment environment) {
  KVHOST_TRY(check_options(options));
  auto engine = std::make_unique<EngineImpl>(std::move(options), std::move(environment));
  KVHOST_TRY(engine->start(directory));
  return std::unique_ptr<Engine>(std::move(engine));
}

EngineImpl::EngineImpl(Options options, Environment environment)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      files_(environment_.file_system ? *environment_.file_system : posix_file_system()),
      clock_(environment_.clock ? *environment_.clock : system_clock()),
      logger_(environment_.logger ? *environment_.logger : null_logger()),
      budget_(options_.memory),
      cache_(options_.memory, &budget_),
      errors_(logger_),
      log_time_(clock_, options_.wal_sync != WalSync::kOff),
      queue_(clock_, options_.wal_sync != WalSync::kAlways),
      controller_(options_) {}

Status EngineImpl::start(const std::string& directory) {
  KVHOST_TRY_ASSIGN(versions_, VersionSet::open(files_, directory, {}, logger_));
  tables_ =
      std::make_unique<TableCache>(files_, directory, TableReader::Dependencies{&cache_, &budget_});
  memtables_ =
      std::make_unique<MemtableSet>(super_versions_, *versions_, budget_, options_.memtable_size);
  reserve_ = std::make_unique<SequenceReserve>(*versions_, may_lose_acknowledged());
  reads_ = std::make_unique<ReadPath>(
      ReadPath::Dependencies{super_versions_, *tables_, log_time_, visible_, counters_});
  flusher_ =
      std::make_unique<Flusher>(Flusher::Dependencies{files_, *versions_, *memtables_, *snapshots_,
                                                      errors_, counters_, clock_, logger_},
                                table_options());
  scrubber_ = std::make_unique<Scrubber>(files_, *versions_, counters_, logger_);
  // What the flush of a memtable takes.
  space_ = std::make_unique<SpaceReserve>(files_, directory, options_.memtable_size, logger_);
  space_->adopt();
  KVHOST_TRY(recover());
  build_write_path();
  start_threads();
  is_open_.store(true, std::memory_order_release);
  return Status::ok();
}

Status EngineImpl::recover() {
  const VersionState state = versions_->state();
  KVHOST_TRY_ASSIGN(const ReplayedLog replayed,
                    replay_log(files_, versions_->directory(), state, *memtables_, *flusher_));
  // Numbers up to the reserved mark may have been seen by somebody before a power cut.
  visible_.store(std::max(replayed.last_sequence, state.reserved_sequence));
  log_time_.restore(replayed.last_now_ms);
  {
    MutexLock lock(position_mutex_);
    applied_ = state.replication;
    durable_ = state.replication;
  }
  if (replayed.end.records > 0 || replayed.end.discarded_bytes > 0) {
    logger_.log(LogLevel::kInfo, "replayed " + std::to_string(replayed.end.records) +
                                     " log records up to " + to_string(replayed.end.position) +
                                     "; discarded " + std::to_string(replayed.end.discarded_bytes) +
                                     " bytes of a torn tail");
  }
  return open_log(replayed);
}

Status EngineImpl::open_log(const ReplayedLog& replayed) {
  const bool had_log = replayed.end.next_segment > 1;
  if (!has_log() && !had_log) return Status::ok();
  LogOptions log_options;
  log_options.segment_size = options_.wal_segment_size;
  log_options.is_mapped = options_.wal_sync != WalSync::kAlways;
  KVHOST_TRY_ASSIGN(auto writer, LogWriter::open(files_, log_path(versions_->directory()),
                                                 log_options, replayed.end));
  wal_ = std::make_unique<Wal>(std::move(writer), clock_, errors_, counters_);
  flusher_->set_wal(wal_.get());
  if (has_log()) return Status::ok();
  // From now on somebody else keeps the log: what the old one holds goes to tables.
  if (!memtables_->active().is_untouched()) {
    memtables_->switch_active(wal_->writer().end_position());
    KVHOST_TRY(flusher_->flush_oldest());
  }
  flusher_->set_wal(nullptr);
  KVHOST_TRY(wal_->close());
  wal_.reset();
  return Status::ok();
}

void EngineImpl::build_write_path() {
  commit_ = std::make_unique<GroupCommit>(
      GroupCommit::Dependencies{*reads_, log_time_, wal_.get(), *memtables_, errors_, *reserve_,
                                counters_, visible_},
      SizeLimits{options_.max_key_size, options_.max_value_size, options_.max_batch_size},
      options_.wal_sync == WalSync::kAlways);
  compaction_ = std::make_unique<CompactionDriver>(
      compaction_settings(),
      CompactionDriver::Dependencies{files_, *versions_, *tables_, clock_, logger_, *this},
      environment_.policy, environment_.policy_name);
}

void EngineImpl::start_threads() {
  flusher_->on_flushed([this](const MemtableUnit& unit) { note_flushed(unit); });
  snapshots_->on_release([this] { compaction_->notify(TreeEventType::kSnapshotReleased); });
  last_maintained_ns_ = clock_.monotonic_ns();
  tree_changed();
  flush_thread_ = std::thread([this] {
    set_thread_name("kv-flush");
    flusher_->run();
  });
  commit_thread_ = std::thread([this] { run_commit_thread(); });
  if (options_.wal_sync == WalSync::kInterval) {
    log_sync_ = std::make_unique<WorkerThread>("kv-log-sync", std::chrono::milliseconds(0),
                                               options_.wal_sync_interval, [this] {
                                                 // A failure is reported by the Wal, and refuses
                                                 // every write from here on.
                                                 if (!errors_.is_hard())
                                                   static_cast<void>(wal_->sync());
                                               });
  }
  maintenance_ = std::make_unique<WorkerThread>(
      "kv-maintain", kMaintenanceInterval, std::chrono::milliseconds(0), [this] { maintain(); });
  compaction_->start();
}

TableOptions EngineImpl::table_options() const {
  TableOptions table;
  table.codec = table_codec(options_.compression);
  table.block_bytes = options_.block_size;
  table.filter_bits_per_key = options_.bits_per_key;
  return table;
}

CompactionSettings EngineImpl::compaction_settings() const {
  CompactionSettings settings;
  settings.workers = options_.compaction_workers;
  settings.table = table_options();
  settings.target_file_bytes = options_.target_file_size;
  settings.memtable_bytes = options_.memtable_size;
  settings.plan_timeout = options_.plan_timeout;
  settings.allow_lossy_drop = options_.allow_lossy_drop;
  return settings;
}

Status EngineImpl::close() {
  MutexLock lock(close_mutex_);
  if (!is_open_.exchange(false, std::memory_order_acq_rel)) return Status::ok();
  controller_.stop();
  scrubber_->stop();
  snapshots_->on_release({});
  // Ends what calls wait for, then waits for the calls.
  compaction_->close();
  queue_.close();
  queue_.wait_until_drained();
  commit_thread_.join();
  const std::unique_lock<std::shared_mutex> nobody(use_mutex_);
  log_sync_.reset();
  maintenance_.reset();
  flusher_->stop();
  flush_thread_.join();

  const Status finished = finish_log();
  versions_->remove_obsolete_files();
  // The closed driver stays: a snapshot that is given back at this moment may still tell it so.
  commit_.reset();
  wal_.reset();
  flusher_.reset();
  reserve_.reset();
  versions_.reset();
  return finished;
}

Status EngineImpl::finish_log() {
  if (errors_.any()) return errors_.cause();
  const bool is_large = memtables_->active().table.approximate_bytes() >= kReplayedBytes;
  if (!has_log() || is_large || memtables_->immutable_count() > 0) {
    commit_->switch_memtable();
    while (memtables_->immutable_count() > 0) KVHOST_TRY(flusher_->flush_oldest());
  }
  if (wal_ != nullptr) KVHOST_TRY(wal_->close());
  // Everything is durable: what was reserved and not used is given back.
  VersionEdit edit;
  edit.reserved_sequence = visible_.load();
  if (has_log()) edit.log_time_ms = log_time_.last_stamp();
  return versions_->log_and_apply(edit).status();
}

EngineImpl::~EngineImpl() {
  const Status closed = close();
  if (!closed) logger_.log(LogLevel::kError, "the engine's end: " + closed.to_string());
  // After a failed start() there are parts without threads.
  compaction_.reset();
}

}  // namespace kvhost::engine
