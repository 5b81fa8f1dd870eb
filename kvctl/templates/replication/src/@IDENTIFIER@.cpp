#include "@IDENTIFIER@.hpp"

kvhost::Result<std::unique_ptr<@CLASS@>> @CLASS@::create(kvhost::Context& context,
                                                        const kvhost::Config& config) {
  return std::make_unique<@CLASS@>(context.log(),
                                   static_cast<std::size_t>(config.integer("max_waiting")));
}

kvhost::Status @CLASS@::attach(kvhost::StateMachine state_machine) {
  const std::lock_guard lock(mutex_);
  state_machine_ = state_machine;
  is_running_ = true;
  state_machine.role_changed(KVH_ROLE_LEADER, {});
  thread_ = std::thread([this] { work(); });
  log_.info("leads itself from index " + std::to_string(state_machine.applied().index + 1));
  return {};
}

void @CLASS@::stop(kvhost::Deadline) {
  {
    const std::lock_guard lock(mutex_);
    is_running_ = false;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void @CLASS@::propose(const kvh_call&, std::span<const std::string_view> batches,
                      kvhost::ProposalDone done) {
  std::unique_lock lock(mutex_);
  if (!is_running_) {
    lock.unlock();
    return done.finish({kvhost::StatusCode::DRAINING, "the strategy is stopping"});
  }
  if (waiting_.size() >= max_waiting_) {
    lock.unlock();
    return done.finish({kvhost::StatusCode::OVERLOADED, "too many proposals are waiting"});
  }
  waiting_.push_back({{batches.begin(), batches.end()}, done});
  lock.unlock();
  changed_.notify_all();
}

// This node has applied all that was ever acknowledged: any read may be served from its state.
void @CLASS@::read_barrier(const kvh_call&, kvhost::BarrierDone done) {
  std::unique_lock lock(mutex_);
  if (!is_running_) {
    lock.unlock();
    return done.refuse({kvhost::StatusCode::DRAINING, "the strategy is stopping"});
  }
  const auto state_machine = *state_machine_;
  lock.unlock();
  done.grant(state_machine.applied().index, state_machine.now_ms());
}

std::string @CLASS@::status() const {
  const std::lock_guard lock(mutex_);
  return R"({"role":"leader","waiting":)" + std::to_string(waiting_.size()) + "}";
}

// What waits when it is time to stop is still applied: it was accepted.
void @CLASS@::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !is_running_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Proposal proposal = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    proposal.done.finish(apply(proposal));
    lock.lock();
  }
}

kvhost::Status @CLASS@::apply(const Proposal& proposal) {
  kvhost::Position next = state_machine_->applied();
  ++next.index;
  std::vector<kvh_ordered_batch> ordered;
  for (const auto& batch : proposal.batches) {
    ordered.push_back({state_machine_->now_ms(), {batch.data(), batch.size()}});
  }
  return state_machine_->apply(
      next, ordered,
      [&](uint64_t offset, const kvhost::Status& status, const kvh_result* result) {
        proposal.done.result(offset, status, result);
      });
}
