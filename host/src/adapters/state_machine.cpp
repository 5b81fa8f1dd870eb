#include "adapters/state_machine.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/write_batch.hpp"
#include "store/request_checks.hpp"
#include "store/write_outcome.hpp"

namespace kvhost::host {
namespace {

// How long a digest waits for its index.
constexpr std::chrono::seconds kDigestPatience{10};

kvh_position to_abi(const engine::ReplicationPosition& position) {
  return {position.incarnation, position.term, position.index};
}

// Tells a strategy the result of each batch that was applied.
void tell_results(kvh_results_sink sink, uint64_t first_index, uint64_t index,
                  const std::vector<engine::WriteResult>& results) {
  if (sink.fn == nullptr) return;
  for (std::size_t i = 0; i < results.size(); ++i) {
    WriteOutcome outcome = WriteOutcome::of(results[i]);
    outcome.index = index + i;
    const kvh_result result = outcome.to_abi();
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, outcome.status);
    sink.fn(sink.ctx, index + i - first_index, code, &result, code == KVH_OK ? nullptr : &words);
  }
}

}  // namespace

StateMachine::StateMachine(engine::Engine& engine, std::string strategy, StatePlace place,
                           LogKeeper log_keeper)
    : engine_(engine),
      strategy_(std::move(strategy)),
      log_keeper_(log_keeper),
      transfer_(place, strategy_),
      digest_points_(engine) {
  applied_index_ = applied().index;
  fill_table();
  if (place.engine == nullptr) return;
  fill_checkpoint_slots();
  fill_install_slots();
}

kvh_position StateMachine::own_position(const engine::ReplicationPosition& position) const {
  // Another strategy's position means nothing to this one: it begins anew.
  return position.strategy == strategy_ ? to_abi(position) : kvh_position{};
}

kvh_position StateMachine::applied() const {
  if (log_keeper_ == LogKeeper::kStrategy) return own_position(engine_.applied_position());
  const std::lock_guard lock(mutex_);
  return written_;
}

// The engine's log holds what is applied as safely as [engine] wal_sync asks.
kvh_position StateMachine::durable() const {
  return log_keeper_ == LogKeeper::kStrategy ? own_position(engine_.durable_position()) : applied();
}

std::string StateMachine::leader_advertise() const {
  const std::lock_guard lock(mutex_);
  return leader_advertise_;
}

uint64_t StateMachine::stamp() {
  // Under a strategy log time follows the stamps alone, so the wall clock of the node that orders
  // comes in here. Stamps of batches on their way must not go back.
  const uint64_t now = std::max(engine_.now_ms(), engine::system_clock().wall_ms());
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
  engine::ReplicationPosition position{strategy_, first.incarnation, first.term, first.index};
  for (std::span<const engine::OrderedBatch> rest = ordered; !rest.empty();) {
    const uint64_t some = digest_points_.begin(position.index, rest.size());
    const Status applied = apply_some(position, rest.first(some), first.index, sink);
    digest_points_.passed(this->applied().index);
    if (!applied) return detail::write_status(error, applied);
    position.index += some;
    rest = rest.subspan(some);
  }
  return KVH_OK;
}

Status StateMachine::apply_some(engine::ReplicationPosition position,
                                std::span<const engine::OrderedBatch> batches, uint64_t first_index,
                                kvh_results_sink sink) {
  if (log_keeper_ == LogKeeper::kEngine) return write_some(position, batches, first_index, sink);
  KVHOST_TRY_ASSIGN(const auto results, engine_.apply(position, batches));
  tell_results(sink, first_index, position.index, results);
  wake_waiters(position.index + results.size() - 1);
  return {};
}

Status StateMachine::write_some(engine::ReplicationPosition position,
                                std::span<const engine::OrderedBatch> batches, uint64_t first_index,
                                kvh_results_sink sink) {
  const uint64_t expected = applied().index + 1;
  if (expected > 1 && position.index != expected) {
    return {StatusCode::INVALID_ARGUMENT, "apply() expects index " + std::to_string(expected) +
                                              ", found " + std::to_string(position.index)};
  }
  // Handed over together, so that they share the log's syncs.
  std::vector<std::future<Result<engine::WriteResult>>> written;
  for (const auto& ordered : batches) {
    auto promise = std::make_shared<std::promise<Result<engine::WriteResult>>>();
    written.push_back(promise->get_future());
    const auto batch = engine::WriteBatch::parse(ordered.bytes);
    if (!batch) {
      promise->set_value(batch.error());
      continue;
    }
    engine_.write_async({}, *batch, [promise](Result<engine::WriteResult> result) {
      promise->set_value(std::move(result));
    });
  }
  for (std::size_t i = 0; i < written.size(); ++i) {
    auto result = written[i].get();
    // What the engine refuses is that batch's end, as it would be without a strategy.
    if (!result) {
      engine::WriteResult refused;
      refused.outcome = result.error();
      result = std::move(refused);
    }
    tell_results(sink, first_index, position.index + i, {*result});
  }
  position.index += batches.size() - 1;
  const kvh_position now = to_abi(position);
  {
    const std::lock_guard lock(mutex_);
    written_ = now;
  }
  wake_waiters(now.index);
  tell_durable(now);
  return {};
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

void StateMachine::detach() {
  {
    const std::unique_lock lock(listener_mutex_);
    on_durable_ = nullptr;
  }
  std::multimap<uint64_t, std::function<void()>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiters_);
  }
  for (const auto& waiter : left) waiter.second();
}

Result<engine::StateDigest> StateMachine::digest(const std::string& start,
                                                 const std::optional<std::string>& end,
                                                 uint64_t index, uint64_t now_ms) {
  std::vector<uint32_t> spaces;
  for (uint32_t space = 0; space < kClientSpaces; ++space) spaces.push_back(space);
  spaces.push_back(kRequestIdSpace);
  KVHOST_TRY_ASSIGN(const auto snapshot, digest_points_.snapshot_at(index, kDigestPatience));
  return engine::digest_state(engine_, *snapshot, spaces, start, end, now_ms);
}

int32_t StateMachine::commit_install(uint64_t install, kvh_error* error) {
  const auto position = transfer_.commit_install(install);
  if (!position) return detail::write_status(error, position.error());
  digest_points_.passed(position->index);
  wake_waiters(position->index);
  return KVH_OK;
}

void StateMachine::on_durable(void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT, void* ctx) {
  {
    const std::unique_lock lock(listener_mutex_);
    on_durable_ = fn;
    on_durable_ctx_ = ctx;
  }
  if (log_keeper_ == LogKeeper::kEngine) return;
  engine_.on_durable([this](const engine::ReplicationPosition& position) {
    tell_durable(own_position(position));
  });
}

void StateMachine::tell_durable(const kvh_position& position) {
  const std::shared_lock lock(listener_mutex_);
  if (on_durable_ != nullptr) on_durable_(on_durable_ctx_, &position);
}

}  // namespace kvhost::host
