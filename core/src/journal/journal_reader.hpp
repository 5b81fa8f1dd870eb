// Reads entries back from the segments of a journal's log.
//
// Threads:   any.
// Errors:    CORRUPTION names file, offset, expected and found; IO_ERROR.
#pragma once

#include <cstdint>
#include <string>

#include "journal/journal_index.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/journal.hpp"

namespace kvhost::engine {

struct JournalRun {
  JournalIndex::Point start;
  uint64_t from = 0;  // at or after start.index
  uint64_t end = 0;   // exclusive
};

// Adds the entries [from, end) that lie behind `start` in its segment to the slice, until
// `max_bytes` of payload; at least one.
Status read_journal_run(FileSystem& files, const std::string& directory, const JournalRun& run,
                        uint64_t max_bytes, JournalSlice& slice);

}  // namespace kvhost::engine
