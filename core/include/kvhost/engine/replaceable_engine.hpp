// An engine whose whole state can be replaced while it serves: for nodes that may be sent a
// checkpoint by another one. See state_directory.hpp for what lies on the disk.
//
// Threads:   as Engine; replace() by one caller at a time, and not while apply() runs.
// Lifetime:  iterators, snapshots and pinned values keep the state that they were made on, which is
//            closed and removed from the disk once the last of them is gone.
// Errors:    of replace(): the old state goes on, unless it says that the node must be restarted:
//            then apply() is refused from there on.
#pragma once

#include <memory>
#include <string>

#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

class ReplaceableEngine : public Engine {
 public:
  // Opens the active state of `data_dir` and removes what an earlier life left beside it.
  static Result<std::unique_ptr<ReplaceableEngine>> open(const std::string& data_dir,
                                                         Options options, Environment environment);

  // Opens the state in `directory`, a folder of the data directory that StateReceiver::finish()
  // made, makes it the active one, and serves from it. On failure the folder is removed.
  virtual Status replace(const std::string& directory) = 0;
  // States that were replaced and are still being read.
  virtual std::size_t retired() const = 0;
};

}  // namespace kvhost::engine
