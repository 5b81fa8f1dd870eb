// Keeps the number of remembered request ids bounded: now and then the oldest are deleted. (Their
// age is bounded by a ttl of each record.)
//
// Threads:   any; the sweep itself runs on the background lane, one at a time.
// Errors:    a sweep that fails is tried again after as many new ids as before.
#pragma once

#include <atomic>
#include <cstdint>

#include "kvhost/status.hpp"

namespace kvhost::host {

class StoreCore;

class RequestIdSweep {
 public:
  // A new id was stored.
  void stored(StoreCore& core);

 private:
  void start_if_due(StoreCore& core);
  static Status sweep(StoreCore& core);

  std::atomic<uint64_t> since_sweep_{0};
  std::atomic<bool> running_{false};
};

}  // namespace kvhost::host
