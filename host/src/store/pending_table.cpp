#include "store/pending_table.hpp"

#include <ctime>
#include <string>
#include <vector>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

bool PendingCall::take() {
  if (taken_.exchange(true, std::memory_order_acq_rel)) return false;
  table_.remove(*this);
  return true;
}

void PendingCall::finish(const Status& status) {
  const auto code = static_cast<int32_t>(status.code());
  // Counted before the answer: who has it finds it counted.
  table_.count(facts_, code);
  if (status.is_ok()) {
    facts_.done.fn(facts_.done.ctx, KVH_OK, nullptr);
  } else {
    kvh_error words = detail::make_error();
    detail::write_status(&words, status);
    facts_.done.fn(facts_.done.ctx, code, &words);
  }
  table_.pending_.leave();
}

void PendingCall::withdraw() { table_.pending_.leave(); }

Status PendingTable::add(PendingCall& call) {
  if (pending_.enter() >= limit_) {
    pending_.leave();
    return {StatusCode::OVERLOADED,
            std::to_string(limit_) + " calls are pending, the most that this node takes at once"};
  }
  call.ref();
  Shard& shard = shard_of(call);
  {
    const std::lock_guard lock(shard.mutex);
    call.next_ = shard.first;
    if (shard.first != nullptr) shard.first->previous_ = &call;
    shard.first = &call;
    if (call.facts().deadline_ns < shard.earliest_ns) shard.earliest_ns = call.facts().deadline_ns;
  }
  if (!armed_.load(std::memory_order_relaxed)) arm();
  return {};
}

void PendingTable::unlink(Shard& shard, PendingCall& call) {
  if (call.previous_ != nullptr) {
    call.previous_->next_ = call.next_;
  } else {
    shard.first = call.next_;
  }
  if (call.next_ != nullptr) call.next_->previous_ = call.previous_;
  call.next_ = nullptr;
  call.previous_ = nullptr;
}

void PendingTable::remove(PendingCall& call) {
  Shard& shard = shard_of(call);
  {
    const std::lock_guard lock(shard.mutex);
    unlink(shard, call);
  }
  call.unref();
}

void PendingTable::count(const PendingFacts& facts, int32_t status) {
  counters_->request_done(facts.kind, status, monotonic_ns() - facts.started_ns);
}

template <typename Select>
void PendingTable::abandon(Shard& shard, Abandon why, Select&& select) {
  // Chained through next_, with the references that the table had.
  PendingCall* taken = nullptr;
  {
    const std::lock_guard lock(shard.mutex);
    uint64_t earliest = UINT64_MAX;
    for (PendingCall* call = shard.first; call != nullptr;) {
      PendingCall* const next = call->next_;
      if (select(*call) && !call->taken_.exchange(true, std::memory_order_acq_rel)) {
        unlink(shard, *call);
        call->next_ = taken;
        taken = call;
      } else if (call->facts().deadline_ns < earliest) {
        earliest = call->facts().deadline_ns;
      }
      call = next;
    }
    shard.earliest_ns = earliest;
  }
  while (taken != nullptr) {
    PendingCall* const call = taken;
    taken = call->next_;
    call->finish(call->abandoned(why));
    call->unref();
  }
}

void PendingTable::cancel(uint64_t session, uint64_t token) {
  if (token == 0) return;
  Shard& shard = shards_[session * 0x9E3779B97F4A7C15u >> 59];
  abandon(shard, Abandon::kCancelled, [&](const PendingCall& call) {
    return call.facts().session == session && call.facts().token == token;
  });
}

void PendingTable::sweep() {
  const uint64_t now = monotonic_ns();
  for (Shard& shard : shards_) {
    {
      const std::lock_guard lock(shard.mutex);
      if (shard.earliest_ns > now) continue;
    }
    abandon(shard, Abandon::kDeadline,
            [&](const PendingCall& call) { return call.facts().deadline_ns <= now; });
  }
}

void PendingTable::arm() {
  if (armed_.exchange(true)) return;
  const std::lock_guard lock(timer_mutex_);
  if (stopped_) return;
  timer_id_ = timer_.after(
      kTickNs,
      [](void* self) noexcept {
        auto& table = *static_cast<PendingTable*>(self);
        // Before the look, so that a call added after it arms the timer itself.
        table.armed_.store(false);
        detail::swallowed([&] { table.sweep(); });
        if (table.size() != 0) table.arm();
      },
      this);
  if (timer_id_ == 0) armed_.store(false);
}

void PendingTable::abandon_all() {
  for (Shard& shard : shards_) {
    abandon(shard, Abandon::kStopped, [](const PendingCall&) { return true; });
  }
}

void PendingTable::drain(std::chrono::steady_clock::time_point deadline) {
  if (!pending_.wait_until(deadline)) abandon_all();
}

void PendingTable::stop() {
  uint64_t timer = 0;
  {
    const std::lock_guard lock(timer_mutex_);
    stopped_ = true;
    timer = timer_id_;
    timer_id_ = 0;
  }
  if (timer != 0) timer_.cancel(timer);
  abandon_all();
  pending_.wait();
}

}  // namespace kvhost::host
