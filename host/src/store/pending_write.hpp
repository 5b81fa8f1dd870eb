// A write that was handed to the engine or the strategy. Counts its bytes as under way until that
// has answered, even when the caller has been answered before.
//
// Threads:   on_outcome on any thread.
// Lifetime:  one reference belongs to whoever will call on_outcome.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "store/store_core.hpp"

namespace kvhost::host {

// Bytes that count as under way as long as this lives.
class ByteReservation {
 public:
  ByteReservation(std::shared_ptr<StoreCounters> counters, uint64_t bytes)
      : counters_(std::move(counters)), bytes_(bytes) {}
  ByteReservation(ByteReservation&&) = default;
  ByteReservation& operator=(ByteReservation&&) = delete;
  ~ByteReservation() {
    if (counters_ != nullptr) counters_->in_flight_write_bytes.fetch_sub(bytes_);
  }

 private:
  std::shared_ptr<StoreCounters> counters_;
  uint64_t bytes_;
};

class PendingWrite : public PendingCall, protected OutcomeHandler {
 public:
  PendingWrite(StoreCore& core, const PendingFacts& facts, ByteReservation bytes,
               kvh_result_sink sink)
      : PendingCall(core.pending, facts), bytes_(std::move(bytes)), sink_(sink) {}

  Status abandoned(Abandon why) const override;
  // Hands the batch over; whatever happens, the call completes.
  void submit(StoreCore& core, const kvh_call& call, const engine::WriteBatch& batch);

 protected:
  ~PendingWrite() override = default;
  void on_outcome(WriteOutcome outcome) noexcept override;
  // Completes the call unless somebody else has.
  void deliver(const WriteOutcome& outcome);

 private:
  const ByteReservation bytes_;
  const kvh_result_sink sink_;
};

}  // namespace kvhost::host
