// The receiving end of a checkpoint: asks for what is wanted, a few pieces ahead, and puts them in
// order. Pieces may be lost, doubled and reordered.
//
// Threads:   one.
// Errors:    a piece that does not match its checksum is asked for again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/messages.hpp"

namespace kvhost::leader_follower {

// A part of a file that the install still needs.
struct WantedFile {
  std::string name;
  uint64_t offset = 0;
  uint64_t bytes = 0;  // the file's size
};

class CheckpointReceiver {
 public:
  struct Write {
    std::string file;
    uint64_t offset = 0;
    std::string bytes;
  };
  CheckpointReceiver(uint64_t transfer, std::vector<WantedFile> wanted);

  // What to ask for now; call it after every change, and regularly.
  std::vector<CheckpointAsk> asks(Nanos now);
  // Pieces that follow what was written.
  std::vector<Write> receive(CheckpointChunk chunk, Nanos now);
  bool is_complete() const { return expected_ == pieces_.size(); }
  uint64_t transfer() const { return transfer_; }
  Nanos last_progress() const { return last_progress_; }

 private:
  struct Piece {
    std::size_t file = 0;
    uint64_t offset = 0;
    uint32_t bytes = 0;
  };
  const uint64_t transfer_;
  const std::vector<WantedFile> wanted_;
  std::vector<Piece> pieces_;
  std::size_t expected_ = 0;  // the next piece to write
  std::map<std::size_t, Nanos> asked_;
  std::map<std::size_t, std::string> early_;
  Nanos last_progress_ = 0;
};

}  // namespace kvhost::leader_follower
