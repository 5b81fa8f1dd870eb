#include "engine/sequence_reserve.hpp"

namespace kvhost::engine {

Status SequenceReserve::ensure(SequenceNumber last) {
  if (!is_needed_ || last <= mark_.load(std::memory_order_relaxed)) return Status::ok();
  return renew(last);
}

Status SequenceReserve::renew(SequenceNumber last) {
  MutexLock lock(mutex_);
  if (!is_low(last)) return Status::ok();
  VersionEdit edit;
  edit.reserved_sequence = last + kStep;
  if (const auto applied = versions_.log_and_apply(edit); !applied) {
    return applied.error().with_context("reserving sequence numbers");
  }
  mark_.store(*edit.reserved_sequence, std::memory_order_relaxed);
  return Status::ok();
}

}  // namespace kvhost::engine
