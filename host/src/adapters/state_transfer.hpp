// Checkpoints that are being sent, and the one that is being received: the slots of
// kvhost.state_machine/1 that move whole states.
//
// Threads:   any. Calls of one checkpoint or install come one at a time; different ones may meet.
// Lifetime:  borrows engine and file system.
// Errors:    OVERLOADED (too many checkpoints), CONFLICT (an install is under way),
// INVALID_ARGUMENT
//            (a handle, a manifest, a piece), and those of state_directory.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "kvhost/engine/replaceable_engine.hpp"
#include "kvhost/engine/state_directory.hpp"

namespace kvhost::host {

// Where states lie, and what replaces them. Without an engine there are no transfers.
struct StatePlace {
  engine::ReplaceableEngine* engine = nullptr;
  engine::FileSystem* files = nullptr;
  std::string data_dir;
};

class StateTransfer {
 public:
  StateTransfer(StatePlace place, std::string strategy);
  // Removes what is still open.
  ~StateTransfer();
  StateTransfer(const StateTransfer&) = delete;
  StateTransfer& operator=(const StateTransfer&) = delete;

  struct Opened {
    uint64_t handle = 0;
    engine::StateManifest manifest;
  };
  Result<Opened> open_checkpoint();
  // Empty at the end of the file.
  Result<std::string> read_checkpoint(uint64_t handle, std::string_view file, uint64_t offset,
                                      uint64_t max_bytes);
  void close_checkpoint(uint64_t handle);

  Result<uint64_t> begin_install(std::string_view manifest);
  Result<std::vector<engine::StateReceiver::Wanted>> wanted(uint64_t install);
  Status write_install(uint64_t install, std::string_view file, uint64_t offset,
                       std::string_view bytes);
  // The position of the state that is active now.
  Result<engine::ReplicationPosition> commit_install(uint64_t install);
  void abort_install(uint64_t install);

  struct Counts {
    uint64_t checkpoints_opened = 0;
    uint64_t checkpoint_bytes_read = 0;
    uint64_t installs_begun = 0;
    uint64_t installs_committed = 0;
    uint64_t install_bytes_written = 0;
  };
  Counts counts() const;

 private:
  struct Checkpoint {
    std::string directory;
    std::map<std::string, uint64_t, std::less<>> files;  // with their sizes
    std::string open_name;
    std::shared_ptr<engine::RandomAccessFile> open_file;
  };
  using ReceiverPointer = std::shared_ptr<engine::StateReceiver>;

  Result<std::shared_ptr<engine::RandomAccessFile>> file_of(uint64_t handle, std::string_view name);
  Result<ReceiverPointer> receiver_of(uint64_t install) const;

  const StatePlace place_;
  const std::string strategy_;
  mutable std::mutex mutex_;
  uint64_t next_handle_ = 1;
  std::map<uint64_t, Checkpoint> checkpoints_;
  uint64_t install_ = 0;  // 0: none
  ReceiverPointer receiver_;
  Counts counts_;
};

}  // namespace kvhost::host
