// Turns the immutable memtables into tables, oldest first, one at a time. A flush is one edit of
// the MANIFEST: the table, where the log goes on, log time and the replication position, all or
// nothing.
//
// Threads:   run() is the flush thread's; flush_oldest() any, one at a time.
// Lifetime:  borrows what it is made of.
// Errors:    reported to the background errors; NO_SPACE is tried again by run().
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/mutex.hpp"
#include "engine/background_errors.hpp"
#include "engine/memtable_set.hpp"
#include "engine/snapshot_list.hpp"
#include "engine/statistics_counters.hpp"
#include "engine/wal.hpp"
#include "kvhost/engine/clock.hpp"
#include "sstable/table_options.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

class Flusher {
 public:
  struct Dependencies {
    FileSystem& files;
    VersionSet& versions;
    MemtableSet& memtables;
    SnapshotList& snapshots;
    BackgroundErrors& errors;
    StatisticsCounters& counters;
    Clock& clock;
    Logger& logger;
  };

  Flusher(const Dependencies& dependencies, TableOptions table)
      : with_(dependencies), table_(table) {}

  // The log whose segments are given up after flushes; null while there is none.
  void set_wal(Wal* wal) { wal_ = wal; }
  // Called after every flush, under no lock.
  void on_flushed(std::function<void(const MemtableUnit&)> callback) {
    on_flushed_ = std::move(callback);
  }

  // Flushes the oldest immutable memtable, if there is one.
  Status flush_oldest();
  // Flushes whatever becomes immutable until stop(); waits while a hard error is in force.
  void run();
  void stop();
  // True while the last try of run() has failed.
  bool is_failing() const { return is_failing_.load(std::memory_order_acquire); }
  bool is_busy() const { return is_busy_.load(std::memory_order_acquire); }

 private:
  Status flush(const MemtableUnit& unit);
  Result<FileMetadata> write_table(const MemtableUnit& unit, uint64_t number);

  const Dependencies with_;
  const TableOptions table_;
  Wal* wal_ = nullptr;
  std::function<void(const MemtableUnit&)> on_flushed_;
  Mutex flush_mutex_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> is_failing_{false};
  std::atomic<bool> is_busy_{false};
};

}  // namespace kvhost::engine
