// Takes snapshots of the state at exactly one index, for digests that replicas are compared by.
//
// Threads:   any.
// Errors:    COMPACTED (the state is past the index), DEADLINE_EXCEEDED (it was not reached).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "kvhost/engine/engine.hpp"

namespace kvhost::host {

class DigestPoints {
 public:
  explicit DigestPoints(engine::Engine& engine) : engine_(engine) {}

  // The state at `index`; waits for it. 0: as it is now.
  Result<std::unique_ptr<engine::Snapshot>> snapshot_at(uint64_t index,
                                                        std::chrono::nanoseconds patience);
  // For apply(), which begins: how many of `count` batches from `first` on may be applied before
  // passed() is to be called.
  uint64_t begin(uint64_t first, uint64_t count);
  // Everything up to `index` is applied, and nothing after it.
  void passed(uint64_t index);

 private:
  struct Wish {
    std::unique_ptr<engine::Snapshot> snapshot;
    bool is_past = false;
  };

  engine::Engine& engine_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Batches are being applied: what is visible may be ahead of the position.
  bool is_applying_ = false;
  std::multimap<uint64_t, Wish*> wishes_;
};

}  // namespace kvhost::host
