// Turns write batches into effects: judges conditions, computes counters and expiry times, answers
// what existed. What a batch meets is the published state and every batch resolved before it in the
// same group; within a batch an operation sees those before it, conditions see none of them.
//
// The result depends on that state, the batch and its now_ms alone, so that replicas agree.
//
// Threads:   one at a time.
// Lifetime:  borrows the reader. Payloads lie in one buffer that is reused from group to group.
// Errors:    of resolve(): TOO_LARGE, CORRUPTION (malformed batch), or a failed read; the batch
// then
//            leaves no trace. CONDITION_FAILED and NOT_A_NUMBER are outcomes, not errors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/latest_reader.hpp"
#include "engine/pending_effects.hpp"
#include "format/log_batch.hpp"
#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

struct OperationCounts {
  uint64_t puts = 0;
  uint64_t deletes = 0;
  uint64_t range_deletes = 0;
  uint64_t increments = 0;
  uint64_t user_bytes = 0;
};

struct SizeLimits {
  uint64_t key = UINT64_MAX;
  uint64_t value = UINT64_MAX;
  uint64_t batch = UINT64_MAX;
};

class BatchResolver {
 public:
  BatchResolver(LatestReader& reader, SizeLimits limits) : reader_(reader), limits_(limits) {}

  // Begins a group whose first effect gets the number `first`. `memory_only`: a batch for which
  // the disk had to be read fails, and needs_disk() says so.
  void begin_group(SequenceNumber first, bool memory_only = false);
  // Makes room for a batch of the group. Every batch is expected before the first is resolved: the
  // buffer must not move while views into it are held.
  void expect(std::string_view batch);

  // Resolves the next batch of the group.
  Result<WriteResult> resolve(std::string_view batch, uint64_t now_ms);

  // The payload of each batch that has effects, in order.
  std::span<const std::string_view> payloads();
  // The number that the next effect gets.
  SequenceNumber next_sequence() const { return next_sequence_; }
  const OperationCounts& counts() const { return counts_; }
  bool needs_disk() const { return needs_disk_; }

 private:
  struct Extent {
    std::size_t start;
    std::size_t size;
  };

  Status check_size(std::string_view what, uint64_t size, uint64_t limit) const;
  Status check_op(const BatchOp& op) const;
  Result<std::optional<CurrentRecord>> current(uint32_t space, std::string_view key);
  Status judge_conditions(std::string_view batch, WriteResult& result);
  Status carry_out(const BatchOp& op, WriteResult& result);
  Status put(const BatchOp& op, WriteResult& result);
  Status erase(const BatchOp& op, OpResult& result);
  void erase_range(const BatchOp& op);
  Status increment(const BatchOp& op, OpResult& result, Status& outcome);
  void note_last_effect(std::size_t start);
  void catch_up();
  void abandon();

  LatestReader& reader_;
  const SizeLimits limits_;

  std::string buffer_;
  std::size_t expected_bytes_ = 0;
  LogBatchEncoder encoder_{buffer_};
  std::vector<Extent> extents_;
  std::vector<std::string_view> payloads_;
  SequenceNumber first_sequence_ = 0;
  SequenceNumber next_sequence_ = 0;
  uint64_t now_ms_ = 0;
  bool memory_only_ = false;
  bool needs_disk_ = false;
  OperationCounts counts_;

  // Filled from the first read of a group on; a group of blind writes never pays for it.
  PendingEffects pending_;
  bool tracks_pending_ = false;
  std::string key_buffer_;
  std::string answers_buffer_;
};

}  // namespace kvhost::engine
