// One atomic change of the tree and of what is kept with it: a record of the MANIFEST.
//
// Threads:   a value.
// Errors:    decode(): CORRUPTION (names what was expected and found; the caller adds the place),
//            FORMAT_UNSUPPORTED for a field that this program does not know and must not skip.
// Format:    docs/formats/manifest.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/record.hpp"
#include "kvhost/engine/engine.hpp"
#include "log/log_position.hpp"
#include "version/table_file.hpp"

namespace kvhost::engine {

inline constexpr std::size_t kMaxPolicyState = 4096;
inline constexpr uint32_t kMaxLevel = 63;

// A run that this edit makes. Files are added to it by AddedFile::run.
struct NewRun {
  // As `before_run`: it becomes the newest of all; or the oldest.
  static constexpr uint64_t kFront = UINT64_MAX;
  static constexpr uint64_t kBack = 0;

  uint64_t id = 0;
  uint32_t level = 0;
  // The run that it is put in front of.
  uint64_t before_run = kFront;
};

struct AddedFile {
  uint64_t run = 0;
  FileMetadata metadata;
};

// What the MANIFEST keeps beside the tree. In an edit, fields that are set replace the old ones.
struct VersionEdit {
  // A file that is both removed and added moves: it stays the same file.
  std::vector<uint64_t> removed_files;
  std::vector<NewRun> new_runs;
  std::vector<AddedFile> added_files;

  std::optional<uint64_t> next_file_number;
  std::optional<uint64_t> next_run_id;
  // The newest sequence number whose effects are in the tables.
  std::optional<SequenceNumber> last_sequence;
  // Numbers up to here may have been used: a recovery without the log starts above.
  std::optional<SequenceNumber> reserved_sequence;
  // Recovery reads the log from here.
  std::optional<LogPosition> log_start;
  // The log was durable up to here when the edit was written.
  std::optional<LogPosition> log_durable;
  // Log time of the newest batch whose effects are in the tables, Unix milliseconds.
  std::optional<uint64_t> log_time_ms;
  std::optional<ReplicationPosition> replication;
  // Together: the state belongs to the policy of that name.
  std::optional<std::string> policy_name;
  std::optional<std::string> policy_state;

  // The usual flush: the newest run of level 0, made of one table.
  void add_level0_run(uint64_t run_id, FileMetadata metadata);

  std::string encode() const;
  static Result<VersionEdit> decode(std::string_view bytes);
  // One line per field, for `kvctl inspect manifest`.
  std::vector<std::string> describe() const;
};

// The same fields with the values in force.
struct VersionState {
  uint64_t next_file_number = 1;
  uint64_t next_run_id = 1;
  SequenceNumber last_sequence = 0;
  SequenceNumber reserved_sequence = 0;
  LogPosition log_start;
  LogPosition log_durable;
  uint64_t log_time_ms = 0;
  ReplicationPosition replication;
  std::string policy_name;
  std::string policy_state;

  // Takes over what `edit` sets. Numbers and times never go back, but for reserved_sequence, which
  // goes back no further than last_sequence.
  void apply(const VersionEdit& edit);
};

}  // namespace kvhost::engine
