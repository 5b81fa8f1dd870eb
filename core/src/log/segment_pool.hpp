// Spare segment files: pre-written once, used again and again, so that starting a segment neither
// writes 64 MiB of zeros nor needs disk space.
//
// Threads:   any; file work happens outside the lock.
// Lifetime:  borrows the file system.
// Errors:    NO_SPACE, IO_ERROR. A failure loses at most a spare.
// Files:     spare-NNNNNN. What they hold does not matter: a new life has a new incarnation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

class SegmentPool {
 public:
  SegmentPool(FileSystem& files, std::string directory, uint64_t segment_size,
              std::size_t max_spares)
      : files_(files),
        directory_(std::move(directory)),
        segment_size_(segment_size),
        max_spares_(max_spares) {}

  // Takes in the spares that an earlier process left; removes what is of no use. `names` is the
  // directory's listing. Called once, before anything else.
  Status adopt(const std::vector<std::string>& names);
  // Makes a spare when there is none.
  Status prepare();
  // Hands out the path of a file of at least `size` bytes, a spare when one fits. It is the
  // caller's to rename or remove.
  Result<std::string> take(uint64_t size);
  // Turns the file at `path` into a spare, or removes it when there are enough.
  Status put(const std::string& path, uint64_t size);

  std::size_t spares() const;

 private:
  std::string next_path() KVHOST_REQUIRES(mutex_);
  Result<std::string> make(uint64_t size);

  FileSystem& files_;
  const std::string directory_;
  const uint64_t segment_size_;
  const std::size_t max_spares_;
  mutable Mutex mutex_;
  std::vector<std::string> spares_ KVHOST_GUARDED_BY(mutex_);
  uint64_t next_number_ KVHOST_GUARDED_BY(mutex_) = 1;
};

}  // namespace kvhost::engine
