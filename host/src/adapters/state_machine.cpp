#include "adapters/state_machine.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "store/write_outcome.hpp"

namespace kvhost::host {
namespace {

StateMachine& machine_of(void* self) { return *static_cast<StateMachine*>(self); }

kvh_position to_abi(const engine::ReplicationPosition& position) {
  return {position.incarnation, position.term, position.index};
}

// Tells a strategy the result of each batch that was applied.
void tell_results(kvh_results_sink sink, uint64_t first_index,
                  const std::vector<engine::WriteResult>& results) {
  if (sink.fn == nullptr) return;
  for (std::size_t i = 0; i < results.size(); ++i) {
    WriteOutcome outcome = WriteOutcome::of(results[i]);
    outcome.index = first_index + i;
    const kvh_result result = outcome.to_abi();
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, outcome.status);
    sink.fn(sink.ctx, i, code, &result, code == KVH_OK ? nullptr : &words);
  }
}

}  // namespace

StateMachine::StateMachine(engine::Engine& engine, std::string strategy)
    : engine_(engine), strategy_(std::move(strategy)) {
  const auto applied = engine_.applied_position();
  applied_index_ = applied.strategy == strategy_ ? applied.index : 0;
  table_.size = sizeof(kvh_state_machine);
  table_.self = this;
  table_.apply = [](void* self, const kvh_position* first, const kvh_ordered_batch* batches,
                    uint64_t count, uint64_t stride, kvh_results_sink sink,
                    kvh_error* error) noexcept -> int32_t {
    try {
      return machine_of(self).apply(*first, batches, count, stride, sink, error);
    } catch (const std::exception& thrown) {
      return detail::write_error(error, KVH_INTERNAL, thrown.what());
    }
  };
  table_.applied = [](void* self, kvh_position* out) noexcept {
    *out = machine_of(self).own_position(machine_of(self).engine_.applied_position());
  };
  table_.durable = [](void* self, kvh_position* out) noexcept {
    *out = machine_of(self).own_position(machine_of(self).engine_.durable_position());
  };
  table_.on_durable = [](void* self, void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT,
                         void* ctx) noexcept {
    detail::swallowed([&] { machine_of(self).on_durable(fn, ctx); });
  };
  table_.role_changed = [](void* self, uint32_t role, kvh_bytes leader) noexcept {
    detail::swallowed([&] {
      auto& mine = machine_of(self);
      mine.role_.store(role, std::memory_order_release);
      const std::lock_guard lock(mine.mutex_);
      mine.leader_advertise_ = detail::to_view(leader);
    });
  };
  table_.now_ms = [](void* self) noexcept { return machine_of(self).stamp(); };
}

kvh_position StateMachine::own_position(const engine::ReplicationPosition& position) const {
  // Another strategy's position means nothing to this one: it begins anew.
  return position.strategy == strategy_ ? to_abi(position) : kvh_position{};
}

std::string StateMachine::leader_advertise() const {
  const std::lock_guard lock(mutex_);
  return leader_advertise_;
}

uint64_t StateMachine::stamp() {
  // Log time moves on when batches are applied; stamps of batches on their way must not go back.
  const uint64_t now = engine_.now_ms();
  uint64_t last = stamp_ms_.load(std::memory_order_relaxed);
  while (now > last && !stamp_ms_.compare_exchange_weak(last, now)) {
  }
  return std::max(now, last);
}

int32_t StateMachine::apply(const kvh_position& first, const kvh_ordered_batch* batches,
                            uint64_t count, uint64_t stride, kvh_results_sink sink,
                            kvh_error* error) {
  if (count != 0 && (batches == nullptr || stride < sizeof(kvh_ordered_batch))) {
    return detail::write_error(error, KVH_INVALID_ARGUMENT,
                               "state_machine.apply: no array of batches, or a stride below the "
                               "size of kvh_ordered_batch");
  }
  std::vector<engine::OrderedBatch> ordered;
  ordered.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const kvh_ordered_batch& batch = detail::strided(batches, stride, i);
    ordered.push_back({batch.now_ms, detail::to_view(batch.bytes)});
  }
  const engine::ReplicationPosition position{strategy_, first.incarnation, first.term, first.index};
  const auto results = engine_.apply(position, ordered);
  if (!results) return detail::write_status(error, results.error());
  tell_results(sink, first.index, *results);
  if (count != 0) wake_waiters(first.index + count - 1);
  return KVH_OK;
}

void StateMachine::wake_waiters(uint64_t applied_index) {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(mutex_);
    applied_index_ = std::max(applied_index_, applied_index);
    const auto end = waiters_.upper_bound(applied_index_);
    for (auto waiter = waiters_.begin(); waiter != end; ++waiter) {
      due.push_back(std::move(waiter->second));
    }
    waiters_.erase(waiters_.begin(), end);
  }
  for (const auto& then : due) then();
}

void StateMachine::when_applied(uint64_t index, std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (applied_index_ < index) {
      waiters_.emplace(index, std::move(then));
      return;
    }
  }
  then();
}

void StateMachine::drop_waiters() {
  std::multimap<uint64_t, std::function<void()>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiters_);
  }
  for (const auto& waiter : left) waiter.second();
}

void StateMachine::on_durable(void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT, void* ctx) {
  engine_.on_durable([this, fn, ctx](const engine::ReplicationPosition& position) {
    const kvh_position own = own_position(position);
    fn(ctx, &own);
  });
}

}  // namespace kvhost::host
