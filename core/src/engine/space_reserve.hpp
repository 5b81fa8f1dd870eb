// Space that is kept back on a disk that is getting full, as a file of zeros: when the disk is full
// it is given up, so that flushes and compactions can go on and make room. Writes resume only when
// it could be made again.
//
// Threads:   one (the maintenance thread).
// Errors:    NO_SPACE: the disk has no room for it; others of the file system.
// Files:     RESERVE in the database's directory. What it holds means nothing.
#pragma once

#include <cstdint>
#include <string>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/logger.hpp"

namespace kvhost::engine {

class SpaceReserve {
 public:
  // Free space below this many times the reserve counts as getting full.
  static constexpr uint64_t kNearlyFull = 16;

  SpaceReserve(FileSystem& files, const std::string& directory, uint64_t bytes, Logger& logger);

  // Takes in what an earlier process left.
  void adopt();
  // Makes the reserve when free space gets scarce and there is none yet.
  void keep();
  // Gives it up.
  void release();
  // Makes it again, if it was given up. NO_SPACE while there is no room.
  Status restore();

  bool is_held() const { return is_held_; }

 private:
  Status make();

  FileSystem& files_;
  const std::string directory_;
  const std::string path_;
  const uint64_t bytes_;
  Logger& logger_;
  bool is_held_ = false;
  bool was_released_ = false;
  bool has_told_ = false;
};

}  // namespace kvhost::engine
