// Finds out, after a restart, what a journal holds: META first, then every record of its log from
// the place that META names.
//
// Threads:   one; nobody writes to the directory meanwhile.
// Errors:    CORRUPTION names file and place; those of recover_log(). Nothing on disk is changed.
#pragma once

#include <cstdint>
#include <string>

#include "journal/journal_format.hpp"
#include "journal/journal_index.hpp"
#include "kvhost/engine/file_system.hpp"
#include "log/log_recovery.hpp"

namespace kvhost::engine {

struct RecoveredJournal {
  JournalMeta meta;
  JournalIndex index;
  uint64_t first = 1;
  uint64_t last = 0;
  LogEnd end;
};

Result<RecoveredJournal> recover_journal(FileSystem& files, const std::string& directory);

}  // namespace kvhost::engine
