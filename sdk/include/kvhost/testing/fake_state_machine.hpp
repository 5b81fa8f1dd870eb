// The host's side of a replication strategy: keeps what was applied, in order, and refuses what is
// out of order. Its checkpoints are installed by another one.
//
//   FakeStateMachine machine;
//   strategy.attach(kvhost::StateMachine(machine.table()));
//   machine.batches();   // {"first", "second"}
//
// Threads:   any.
// Lifetime:  outlives the component.
#pragma once

#include <algorithm>
#include <charconv>
#include <mutex>
#include <string>
#include <vector>

#include "kvhost/abi/replication.h"
#include "kvhost/detail/boundary.hpp"
#include "kvhost/testing/fake_checkpoints.hpp"

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
  void fill_checkpoint_slots();
  void fill_install_slots();
  // The state as the bytes of a checkpoint, and back.
  std::string encode() const;
  void decode(const std::string& state);
  Status commit(uint64_t install);
  // Runs `body`, which yields a Status, under the lock.
  template <typename Body>
  static int32_t answered(void* self, kvh_error* error, const char* slot, Body body) noexcept {
    return detail::guarded(error, slot, [&] {
      const std::lock_guard lock(of(self).mutex_);
      return detail::write_status(error, body(of(self)));
    });
  }

  mutable std::mutex mutex_;
  std::vector<std::string> batches_;
  std::vector<std::string> faults_;
  kvh_position applied_{};
  kvh_position durable_{};
  uint64_t last_now_ms_ = 0;
  uint64_t now_ms_ = 1'700'000'000'000;
  uint32_t role_ = 0;
  int32_t apply_failure_ = KVH_OK;
  FakeCheckpoints checkpoints_;
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
  } else if (batch.now_ms < last_now_ms_ && (batch.now_ms != 0 || batch.bytes.size != 0)) {
    fault = "the stamp of batch " + std::to_string(index) + " goes back";
  }
  if (!fault.empty()) {
    faults_.push_back(fault);
    return {StatusCode::INTERNAL, fault};
  }
  batches_.emplace_back(detail::to_view(batch.bytes));
  applied_.index = index;
  last_now_ms_ = std::max(last_now_ms_, batch.now_ms);
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
  // Never before what was applied, as the host's, whatever node had stamped it.
  table_.now_ms = [](void* self) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    return std::max(of(self).now_ms_, of(self).last_now_ms_);
  };
  table_.last_version = [](void* self) noexcept { return of(self).applied().index; };
  fill_checkpoint_slots();
  fill_install_slots();
}

// The newest stamp, then each batch with its length before it.
inline std::string FakeStateMachine::encode() const {
  std::string state = std::to_string(last_now_ms_) + " ";
  for (const auto& batch : batches_) state += std::to_string(batch.size()) + " " + batch;
  return state;
}

inline void FakeStateMachine::decode(const std::string& state) {
  const char* at = state.data();
  const char* const end = at + state.size();
  const auto number = [&] {
    uint64_t value = 0;
    at = std::from_chars(at, end, value).ptr;
    if (at != end) ++at;
    return value;
  };
  last_now_ms_ = number();
  batches_.clear();
  while (at != end) {
    const uint64_t size = number();
    batches_.emplace_back(at, size);
    at += size;
  }
}

inline Status FakeStateMachine::commit(uint64_t install) {
  KVHOST_TRY_ASSIGN(const std::string state, checkpoints_.commit(install));
  decode(state);
  applied_ = checkpoints_.position();
  durable_ = applied_;
  return {};
}

inline void FakeStateMachine::fill_checkpoint_slots() {
  table_.checkpoint_open = [](void* self, uint64_t* checkpoint, kvh_position* position,
                              kvh_bytes_sink manifest, kvh_error* error) noexcept -> int32_t {
    return answered(self, error, "checkpoint_open", [&](FakeStateMachine& mine) -> Status {
      std::string text;
      KVHOST_TRY_ASSIGN(*checkpoint, mine.checkpoints_.open(mine.encode(), mine.applied_, text));
      *position = mine.applied_;
      detail::send(manifest, text);
      return {};
    });
  };
  table_.checkpoint_read = [](void* self, uint64_t checkpoint, kvh_bytes file, uint64_t offset,
                              uint64_t max_bytes, kvh_bytes_sink sink,
                              kvh_error* error) noexcept -> int32_t {
    return answered(self, error, "checkpoint_read", [&](FakeStateMachine& mine) -> Status {
      KVHOST_TRY_ASSIGN(
          const std::string bytes,
          mine.checkpoints_.read(checkpoint, detail::to_view(file), offset, max_bytes));
      if (!bytes.empty()) detail::send(sink, bytes);
      return {};
    });
  };
  table_.checkpoint_close = [](void* self, uint64_t checkpoint) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    of(self).checkpoints_.close(checkpoint);
  };
}

inline void FakeStateMachine::fill_install_slots() {
  table_.install_begin = [](void* self, kvh_bytes manifest, uint64_t* install,
                            kvh_error* error) noexcept -> int32_t {
    return answered(self, error, "install_begin", [&](FakeStateMachine& mine) -> Status {
      KVHOST_TRY_ASSIGN(*install, mine.checkpoints_.begin_install(detail::to_view(manifest)));
      return {};
    });
  };
  table_.install_wanted = [](void* self, uint64_t, kvh_bytes_sink sink,
                             kvh_error* error) noexcept -> int32_t {
    return answered(self, error, "install_wanted", [&](FakeStateMachine& mine) -> Status {
      detail::send(sink, mine.checkpoints_.wanted());
      return {};
    });
  };
  table_.install_write = [](void* self, uint64_t install, kvh_bytes file, uint64_t offset,
                            kvh_bytes bytes, kvh_error* error) noexcept -> int32_t {
    return answered(self, error, "install_write", [&](FakeStateMachine& mine) {
      return mine.checkpoints_.write(install, detail::to_view(file), offset,
                                     detail::to_view(bytes));
    });
  };
  table_.install_commit = [](void* self, uint64_t install, kvh_error* error) noexcept -> int32_t {
    return answered(self, error, "install_commit",
                    [&](FakeStateMachine& mine) { return mine.commit(install); });
  };
  table_.install_abort = [](void* self, uint64_t install) noexcept {
    const std::lock_guard lock(of(self).mutex_);
    of(self).checkpoints_.abort(install);
  };
}

}  // namespace kvhost::testing
