// From a write as a transport gives it to the engine's batch.
//
// Threads:   functions any.
#pragma once

#include "kvhost/engine/write_batch.hpp"
#include "store/request_checks.hpp"
#include "store/store_counters.hpp"

namespace kvhost::host {

// Appends the conditions, then the operations. Requires check_write().
void encode_write(uint32_t space, const WriteInput& input, engine::WriteBatch& batch);
RequestKind kind_of(const WriteInput& input);
// Counts the operations by their kind.
void count_operations(const WriteInput& input, StoreCounters& counters);
// True when an operation's answer cannot be told from its version alone.
bool has_own_answers(const WriteInput& input);

// A batch with its memory, reused by the thread that made it. It may be made again inside the call
// that uses it: each has its own.
class BatchLease {
 public:
  BatchLease();
  ~BatchLease();
  BatchLease(const BatchLease&) = delete;
  BatchLease& operator=(const BatchLease&) = delete;
  engine::WriteBatch& operator*() { return batch_; }
  engine::WriteBatch* operator->() { return &batch_; }

 private:
  engine::WriteBatch batch_;
};

}  // namespace kvhost::host
