// kvhost.journal/1: journals by name under one folder, for the replication strategy.
//
// Threads:   the table on any thread, as abi/journal.h says; unlock() and close_all() on the
// control
//            thread.
// Lifetime:  borrows file system and logger. A handle is good until it is closed.
// Errors:    STARTING before unlock(): the data directory is not locked yet. INVALID_ARGUMENT for a
//            name or a handle that is none, CONFLICT for a journal that is open, and the journal's
//            own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "kvhost/abi/journal.h"
#include "kvhost/engine/journal.hpp"
#include "kvhost/engine/logger.hpp"

namespace kvhost::host {

class JournalService {
 public:
  // Journals are made in `directory`/NAME.
  JournalService(engine::FileSystem& files, std::string directory, engine::Logger& logger,
                 engine::JournalOptions options = {});
  ~JournalService();
  JournalService(const JournalService&) = delete;
  JournalService& operator=(const JournalService&) = delete;

  const kvh_journal* table() const { return &table_; }
  // The data directory is this process's: journals may be opened.
  void unlock();
  // Closes what a strategy left open.
  void close_all();

 private:
  struct Open {
    std::string name;
    std::shared_ptr<engine::Journal> journal;
  };

  Result<uint64_t> open(const std::string& name);
  void close(uint64_t handle);
  Result<std::shared_ptr<engine::Journal>> find(uint64_t handle) const;
  int32_t append(uint64_t handle, const kvh_journal_entry* entries, uint64_t count, uint64_t stride,
                 kvh_done done, kvh_error* error);
  int32_t read(uint64_t handle, uint64_t from, uint64_t max_bytes, kvh_journal_sink sink,
               kvh_error* error);
  void fill_table();
  void fill_log_slots();
  void fill_value_slots();

  engine::FileSystem& files_;
  const std::string directory_;
  engine::Logger& logger_;
  const engine::JournalOptions options_;
  mutable std::shared_mutex mutex_;
  bool is_unlocked_ = false;
  uint64_t next_handle_ = 1;
  std::map<uint64_t, Open> open_;
  kvh_journal table_{};
};

}  // namespace kvhost::host
