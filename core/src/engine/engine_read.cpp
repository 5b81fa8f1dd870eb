// The read calls.
#include "engine/engine_impl.hpp"
#include "engine/engine_key.hpp"
#include "engine/iterator_source.hpp"
#include "engine/memory_guard.hpp"

namespace kvhost::engine {

Result<GetResult> EngineImpl::get(const ReadOptions& options, uint32_t space,
                                  std::string_view key) {
  if (!is_open_.load(std::memory_order_acquire)) return refuse_closed();
  return or_out_of_memory([&]() -> Result<GetResult> {
    const EngineKey engine_key(space, key);
    return reads_->get(options, engine_key.view());
  });
}

Result<std::vector<GetResult>> EngineImpl::multi_get(const ReadOptions& options,
                                                     std::span<const KeyRef> keys) {
  if (!is_open_.load(std::memory_order_acquire)) return refuse_closed();
  return or_out_of_memory([&] { return reads_->multi_get(options, keys); });
}

std::unique_ptr<Snapshot> EngineImpl::snapshot() { return snapshots_->acquire(visible_); }

Result<std::unique_ptr<Iterator>> EngineImpl::iterator(const ReadOptions& options,
                                                       const Range& range) {
  if (!is_open_.load(std::memory_order_acquire)) return refuse_closed();
  if (options.memory_only) {
    return Status(StatusCode::NOT_SUPPORTED, "an iterator reads the disk where it must");
  }
  return or_out_of_memory([&]() -> Result<std::unique_ptr<Iterator>> {
    // First the state, then the number: see ReadPath.
    SuperVersionPtr state = super_versions_.share();
    const SequenceNumber sequence = options.snapshot != nullptr
                                        ? options.snapshot->sequence()
                                        : visible_.load(std::memory_order_acquire);
    const uint64_t now = options.now_ms != 0 ? options.now_ms : log_time_.now();
    count(counters_.reads().iterators);
    return make_db_iterator(std::move(state), *tables_, range, sequence, now, options.fill_cache);
  });
}

}  // namespace kvhost::engine
