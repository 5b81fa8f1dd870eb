// The host's side of a replication strategy: keeps what was applied, in order, and refuses what is
// out of order.
//
//   FakeStateMachine machine;
//   strategy.attach(kvhost::StateMachine(machine.table()));
//   machine.batches();   // {"first", "second"}
//
// Threads:   any.
// Lifetime:  outlives the component.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "kvhost/abi/replication.h"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::testing {

class FakeStateMachine {
 public:
  FakeStateMachine();
  FakeStateMachine(const FakeStateMachine&) = delete;
  FakeStateMachine& operator=(const FakeStateMachine&) = delete;

  const kvh_state_machine* table() const { return &table_; }

  std::vector<std::string> batches() const { return locked(batches_); }
  kvh_position applied() const { return locked(applied_); }
  uint32_t role() const { return locked(role_); }  // KVH_ROLE_…, 0 before the first change
  // What went against the order of the log; empty when all is well.
  std::vector<std::string> faults() const { return locked(faults_); }

  void set_now_ms(uint64_t now_ms) {
    const std::lock_guard lock(mutex_);
    now_ms_ = now_ms;
  }
  // The state up to what is applied is on disk: tells the strategy.
  void make_durable();
  // From now on apply() fails so; OK ends it.
  void fail_apply(int32_t code) {
    const std::lock_guard lock(mutex_);
    apply_failure_ = code;
  }

 private:
  template <typename T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  static FakeStateMachine& of(void* self) { return *static_cast<FakeStateMachine*>(self); }
  int32_t apply(const kvh_position& first, const kvh_ordered_batch* batches, uint64_t count,
                uint64_t stride, kvh_results_sink sink, kvh_error* error);
  Status take(uint64_t index, const kvh_ordered_batch& batch);

  mutable std::mutex mutex_;
  std::vector<std::string> batches_;
  std::vector<std::string> faults_;
  kvh_position applied_{};
  kvh_position durable_{};
  uint64_t last_now_ms_ = 0;
  uint64_t now_ms_ = 1'700'000'000'000;
  uint32_t role_ = 0;
  int32_t apply_failure_ = KVH_OK;
  void (*on_durable_)(void* ctx, const kvh_position* position) KVH_NOEXCEPT = nullptr;
  void* durable_ctx_ = nullptr;
  kvh_state_machine table_{};
};

inline void FakeStateMachine::make_durable() {
  std::unique_lock lock(mutex_);
  durable_ = applied_;
  const kvh_position position = durable_;
  const auto fn = on_durable_;
  void* const ctx = durable_ctx_;
  lock.unlock();
  if (fn != nullptr) fn(ctx, &position);
}

inline Status FakeStateMachine::take(uint64_t index, const kvh_ordered_batch& batch) {
  std::string fault;
  // An empty state takes any index to begin with; what follows must follow. Entries of the
  // strategy's own are applied as empty batches.
  if (applied_.index != 0 && index != applied_.index + 1) {
    fault = "batch " + std::to_string(index) + " was applied after " +
            std::to_string(applied_.index) + "; expected " + std::to_string(applied_.index + 1);
  } else if (batch.now_ms < last_now_ms_) {
    fault = "the stamp of batch " + std::to_string(index) + " goes back";
  }
  if (!fault.empty()) {
    faults_.push_back(fault);
    return {StatusCode::INTERNAL, fault};
  }
  batches_.emplace_back(detail::to_view(batch.bytes));
  applied_.index = index;
  last_now_ms_ = batch.now_ms;
  return {};
}

inline int32_t FakeStateMachine::apply(const kvh_position& first, const kvh_ordered_batch* batches,
                                       uint64_t count, uint64_t stride, kvh_results_sink sink,
                                       kvh_error* error) {
  std::vector<kvh_result> results(count);
  {
    const std::lock_guard lock(mutex_);
    if (apply_failure_ != KVH_OK) {
      return detail::write_error(error, apply_failure_, "the state machine was told to fail");
    }
    for (uint64_t i = 0; i < count; ++i) {
      const auto& batch = detail::strided(batches, stride, i);
      const Status taken = take(first.index + i, batch);
      if (!taken.is_ok()) return detail::write_status(error, taken);
      results[i].size = sizeof(kvh_result);
      results[i].version = first.index + i;
      results[i].index = first.index + i;
      results[i].now_ms = batch.now_ms;
    }
    applied_.term = first.term;
    applied_.incarnation = first.incarnation;
  }
  for (uint64_t i = 0; i < count && sink.fn != nullptr; ++i) {
    sink.fn(sink.ctx, i, KVH_OK, &results[i], nullptr);
  }
  return KVH_OK;
}

inline FakeStateMachine::FakeStateMachine() {
  table_.size = sizeof(kvh_state_machine);
  table_.self = this;
  table_.apply = [](void* self, const kvh_position* first, const kvh_ordered_batch* batches,
                    uint64_t count, uint64_t stride, kvh_results_sink sink,
                    kvh_error* error) noexcept {
    return of(self).apply(*first, batches, count, stride, sink, error);
  };
  table_.applied = [](void* self, kvh_position* out) noexcept { *out = of(self).applied(); };
  table_.durable = [](void* self, kvh_position* out) noexcept {
    *out = of(self).locked(of(self).durable_);
  };
  table_.on_durable = [](void* self, void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT,
                         void* ctx) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    of(self).on_durable_ = fn;
    of(self).durable_ctx_ = ctx;
  };
  table_.role_changed = [](void* self, uint32_t role, kvh_bytes) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    of(self).role_ = role;
  };
  table_.now_ms = [](void* self) noexcept { return of(self).locked(of(self).now_ms_); };
  table_.last_version = [](void* self) noexcept { return of(self).applied().index; };
}

}  // namespace kvhost::testing
