// Brings the effects of the log back into memtables after a restart.
//
// Threads:   one, before the engine serves anybody.
// Errors:    CORRUPTION (damage inside the log, or records that contradict each other; names the
//            place and the repair command), IO_ERROR, NO_SPACE of a flush on the way.
#pragma once

#include <string>

#include "engine/flusher.hpp"
#include "engine/memtable_set.hpp"
#include "log/log_recovery.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {

struct ReplayedLog {
  LogEnd end;
  // The newest number and time found in the log or in `state`.
  SequenceNumber last_sequence = 0;
  uint64_t last_now_ms = 0;
};

// Replays what `state` does not say is in the tables. A memtable that is full is flushed before the
// replay goes on.
Result<ReplayedLog> replay_log(FileSystem& files, const std::string& directory,
                               const VersionState& state, MemtableSet& memtables, Flusher& flusher);

}  // namespace kvhost::engine
