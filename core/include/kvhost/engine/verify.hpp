// Reads a whole database that nobody has open and checks everything that can be checked: the
// MANIFEST's records and the tree they make, every block, fence, filter and figure of every table,
// the order of records within tables and across runs, the log up to its end.
//
// Threads:   any.
// Errors:    LOCKED (a node has it open), INVALID_ARGUMENT (no database there), IO_ERROR. Damage is no error
//            but a finding of the report. Nothing on disk is changed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

// One thing that is wrong. `problem` names the offset, what was expected and what was found.
struct Damage {
  std::string file;
  std::string problem;
};

struct VerifyReport {
  std::string manifest;
  uint64_t manifest_records = 0;
  uint64_t tables = 0;
  uint64_t table_bytes = 0;
  uint64_t records = 0;
  uint64_t range_tombstones = 0;
  uint64_t log_records = 0;
  // Behind the end of the log: what a crash cut short, and nobody was promised.
  uint64_t torn_log_bytes = 0;
  uint64_t last_sequence = 0;

  std::vector<Damage> damage;
  // What is odd but harmless: tables that nothing names, unknown files.
  std::vector<std::string> notes;

  bool is_whole() const { return damage.empty(); }
};

struct VerifyOptions {
  // Called before each file is read.
  std::function<void(std::string_view path, uint64_t bytes)> on_file;
};

Result<VerifyReport> verify_database(FileSystem& files, const std::string& directory,
                                     const VerifyOptions& options = {});

}  // namespace kvhost::engine
