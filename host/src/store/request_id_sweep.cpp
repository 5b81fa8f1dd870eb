#include "store/request_id_sweep.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "store/request_checks.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

constexpr std::size_t kDeletesPerBatch = 1'000;

// Waits on a lane's thread for a write.
class WaitingWrite final : public OutcomeHandler {
 public:
  Status run(StoreCore& core, const engine::WriteBatch& batch) {
    kvh_call call{};
    call.size = sizeof(call);
    core.submit(call, batch, *this);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return outcome_.has_value(); });
    return outcome_->status;
  }
  void on_outcome(WriteOutcome outcome) noexcept override {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    done_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<WriteOutcome> outcome_;
};

Result<std::unique_ptr<engine::Iterator>> all_ids(engine::Engine& engine) {
  engine::ReadOptions options;
  options.fill_cache = false;
  KVHOST_TRY_ASSIGN(auto iterator,
                    engine.iterator(options, {kRequestIdSpace, std::string(), std::nullopt}));
  iterator->seek_to_first();
  return iterator;
}

// The version up to which records are too many; 0 when they are not.
Result<uint64_t> oldest_to_drop(engine::Engine& engine, uint64_t limit) {
  KVHOST_TRY_ASSIGN(const auto iterator, all_ids(engine));
  std::vector<uint64_t> versions;
  for (; iterator->valid(); iterator->next()) versions.push_back(iterator->version());
  KVHOST_TRY(iterator->status());
  if (versions.size() <= limit) return uint64_t{0};
  const auto last = versions.begin() + static_cast<std::ptrdiff_t>(versions.size() - limit - 1);
  std::nth_element(versions.begin(), last, versions.end());
  return *last;
}

}  // namespace

Status RequestIdSweep::sweep(StoreCore& core) {
  engine::Engine& engine = *core.engine.load(std::memory_order_acquire);
  KVHOST_TRY_ASSIGN(const uint64_t cut, oldest_to_drop(engine, core.settings.max_request_ids));
  if (cut == 0) return {};
  KVHOST_TRY_ASSIGN(const auto iterator, all_ids(engine));
  engine::WriteBatch batch;
  for (; iterator->valid(); iterator->next()) {
    if (iterator->version() > cut) continue;
    batch.erase(kRequestIdSpace, iterator->key());
    if (batch.op_count() < kDeletesPerBatch) continue;
    if (!core.check_serving().is_ok()) return core.check_serving();
    KVHOST_TRY(WaitingWrite().run(core, batch));
    batch.clear();
  }
  KVHOST_TRY(iterator->status());
  return batch.empty() ? Status() : WaitingWrite().run(core, batch);
}

void RequestIdSweep::stored(StoreCore& core) {
  since_sweep_.fetch_add(1);
  start_if_due(core);
}

void RequestIdSweep::start_if_due(StoreCore& core) {
  const uint64_t interval = std::max<uint64_t>(core.settings.max_request_ids / 8, 1);
  if (since_sweep_.load() < interval || running_.exchange(true)) return;
  since_sweep_.store(0);
  const Status posted = core.post(
      KVH_LANE_BACKGROUND, core.work,
      [](void* ctx) noexcept {
        auto& mine = *static_cast<StoreCore*>(ctx);
        // A failure shows where it came from (the engine's own errors); the next sweep tries again.
        detail::swallowed([&] { (void)sweep(mine); });
        mine.id_sweep.running_.store(false);
        // Ids stored while it ran may be the last ones for long: nobody else would ask again.
        mine.id_sweep.start_if_due(mine);
        mine.work.leave();
      },
      &core);
  if (!posted.is_ok()) running_.store(false);
}

}  // namespace kvhost::host
