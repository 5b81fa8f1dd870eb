// A write with a request id: carried out once, however often it is sent. See request_record.hpp for
// what is kept.
//
// Steps:     its turn among writes of the same id → the batch with the record, on condition that
//            there is none → the caller. A record that is there already answers instead.
// Threads:   one step at a time, on any thread.
// Lifetime:  the store's count of work holds while it has its turn.
#pragma once

#include <string>

#include "kvhost/engine/write_batch.hpp"
#include "store/pending_write.hpp"
#include "store/request_record.hpp"

namespace kvhost::host {

class IdentifiedWrite final : public PendingWrite {
 public:
  // OK: the call is pending. A failure is the caller's to answer.
  static Status start(StoreCore& core, const kvh_call& call, const WriteInput& input,
                      const PendingFacts& facts, ByteReservation bytes, kvh_result_sink sink);

 private:
  IdentifiedWrite(StoreCore& core, const kvh_call& call, const WriteInput& input,
                  const PendingFacts& facts, ByteReservation bytes, kvh_result_sink sink);
  // False when the call was given up before its turn.
  bool begin_turn();
  void end_turn();
  void on_outcome(WriteOutcome outcome) noexcept override;
  void applied(WriteOutcome outcome);
  bool is_duplicate(const WriteOutcome& outcome) const;
  void answer_when_applied(uint64_t index);
  void answer_from_record(bool memory_only) noexcept;
  WriteOutcome recorded(const engine::GetResult& got) const;

  StoreCore& core_;
  kvh_call call_;
  const std::string id_;
  const uint32_t ops_;
  const uint32_t conditions_;
  engine::WriteBatch batch_;
  uint64_t fingerprint_ = 0;
};

}  // namespace kvhost::host
