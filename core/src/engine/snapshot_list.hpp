// The snapshots that readers hold, by sequence number.
//
// Threads:   any.
// Lifetime:  shared by the engine and its snapshots, so that a snapshot may be given back late.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "format/record.hpp"
#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

class SnapshotList : public std::enable_shared_from_this<SnapshotList> {
 public:
  // Pins what `visible` holds now. The number is read under the list's lock, so that whoever takes
  // held() sees every snapshot that could need an older number than the newest visible one.
  std::unique_ptr<Snapshot> acquire(const std::atomic<SequenceNumber>& visible);

  // Ascending, each number once.
  std::vector<SequenceNumber> held() const;
  std::size_t count() const;

  // Called after the last snapshot of a number is gone, under no lock. Set before the first
  // acquire(); withdrawn by an empty function.
  void on_release(std::function<void()> callback);

 private:
  class Handle;
  void release(SequenceNumber sequence);

  mutable Mutex mutex_;
  std::map<SequenceNumber, uint64_t> held_ KVHOST_GUARDED_BY(mutex_);
  std::function<void()> on_release_ KVHOST_GUARDED_BY(mutex_);
};

}  // namespace kvhost::engine
