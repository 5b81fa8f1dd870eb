// Makes a sound database from what is whole of a damaged one: every table whose every block is good,
// every record of the log whose checksum holds. The damaged directory is only read.
//
// Where the MANIFEST can be read, the tables keep their places in the tree. Where it cannot, they are
// merged anew by sequence number, the only order that then is left.
//
// Threads:   any.
// Errors:    LOCKED (a node has it open), INVALID_ARGUMENT (no database there), CONFLICT (the target
//            exists), IO_ERROR, NO_SPACE. After an error the target does not exist; what was begun of it lies
//            in TARGET.tmp, which the next attempt removes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

struct RepairReport {
  // Of the repaired database.
  std::string directory;
  // False: the tables' places in the tree were lost, and they were merged anew.
  bool had_tree = true;
  uint64_t tables_kept = 0;
  uint64_t tables_lost = 0;
  // Records of the tables that were kept, and of the log.
  uint64_t records_kept = 0;
  uint64_t log_batches_kept = 0;
  uint64_t last_sequence = 0;

  // Exactly what is gone, one thing a line: tables with their keys, stretches of the log with their
  // sequence numbers.
  std::vector<std::string> lost;
  // What the losses may mean for what is still there.
  std::vector<std::string> notes;
};

struct RepairOptions {
  Clock* clock = nullptr;  // null: system_clock()
  // Of tables that are written anew.
  uint64_t target_file_size = uint64_t{64} << 20;
  // Records of the log gathered in memory before they become a table.
  uint64_t memtable_size = uint64_t{32} << 20;
};

// `target` must not exist. On the same file system whole tables are linked, not copied.
Result<RepairReport> repair_database(FileSystem& files, const std::string& directory,
                                     const std::string& target, const RepairOptions& options = {});

}  // namespace kvhost::engine
