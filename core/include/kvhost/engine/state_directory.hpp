// Which folder of a data directory holds the database, and how a received one takes its place.
//
//   DATA_DIR/                 the first state: CURRENT, MANIFEST-…, tables/, wal/
//   DATA_DIR/STATE            names a later one that has replaced it
//   DATA_DIR/state-NNNNNN/    that one
//   DATA_DIR/state-NNNNNN.tmp one that is being received
//   DATA_DIR/transfer-NNNNNN/ a checkpoint that is being sent
//
// Threads:   functions any, one at a time per data directory; a receiver one at a time.
// Errors:    CORRUPTION (the marker, or what was received), INVALID_ARGUMENT (a manifest or a piece
//            that does not fit), NO_SPACE, IO_ERROR.
// Crash:     at any step the old state or the new one is active; what else lies about is removed by
//            the next start, but for a state that is being received, which goes on where it was.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/engine/engine.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// One file of a checkpoint.
struct StateFile {
  std::string name;  // relative to the checkpoint
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // XXH3-64 of its bytes

  friend bool operator==(const StateFile&, const StateFile&) = default;
};

// A whole checkpoint: what is sent before the files.
struct StateManifest {
  ReplicationPosition position;
  std::vector<StateFile> files;

  uint64_t bytes() const {
    uint64_t sum = 0;
    for (const StateFile& file : files) sum += file.bytes;
    return sum;
  }
};

// The folder that holds the database of `data_dir`: itself, or a state-NNNNNN in it.
Result<std::string> active_state_directory(FileSystem& files, const std::string& data_dir);

// Makes `state`, a folder of `data_dir`, the active one; durable at return. Nothing is removed.
Status activate_state(FileSystem& files, const std::string& data_dir, const std::string& state);

// Removes states that are not active and checkpoints that were being sent. Requires that nobody has
// one of them open.
Status remove_other_states(FileSystem& files, const std::string& data_dir,
                           const std::string& active);

// What the first state left in the data directory itself, once another one is active.
Status remove_first_state(FileSystem& files, const std::string& data_dir);

// Reads the checkpoint in `directory` in full.
Result<StateManifest> describe_state(FileSystem& files, const std::string& directory);

// OK when every name is one that a checkpoint has, and each is there once.
Status check_state_manifest(const StateManifest& manifest);

// Takes in the files of a checkpoint, in any order of files, each from front to back.
class StateReceiver {
 public:
  // Files that an earlier attempt has completed are found by their checksums and kept.
  static Result<std::unique_ptr<StateReceiver>> begin(FileSystem& files,
                                                      const std::string& data_dir,
                                                      StateManifest manifest);
  // What was completed stays for the next attempt.
  virtual ~StateReceiver() = default;

  struct Wanted {
    std::string name;
    uint64_t offset = 0;  // what is still to come begins here
    uint64_t bytes = 0;   // of the whole file
  };
  // Files that are not complete, in the manifest's order.
  virtual std::vector<Wanted> wanted() const = 0;

  // The next piece of a file. A piece that is there already is ignored; one that leaves a gap is
  // INVALID_ARGUMENT, which names the offset expected. A file whose bytes do not have the
  // manifest's checksum is CORRUPTION, and is wanted again from its beginning.
  virtual Status write(std::string_view name, uint64_t offset, std::string_view bytes) = 0;

  // Makes the whole durable under its last name, and returns its path. Not active yet.
  // INVALID_ARGUMENT names a file that is missing.
  virtual Result<std::string> finish() = 0;
  // Removes what was received.
  virtual Status abandon() = 0;

  virtual const StateManifest& manifest() const = 0;
};

}  // namespace kvhost::engine
