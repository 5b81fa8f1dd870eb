#include "engine/memtable_set.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace kvhost::engine {

MemtableSet::MemtableSet(SuperVersions& super_versions, VersionSet& versions, MemoryBudget& budget,
                         uint64_t memtable_size)
    : super_versions_(super_versions),
      versions_(versions),
      budget_(budget),
      memtable_size_(memtable_size),
      recycled_(std::make_shared<ArenaBlocks>(memtable_size)),
      recycled_charge_(&budget, MemoryCategory::kMemtables, recycled_->max_bytes()),
      active_(std::make_shared<MemtableUnit>(next_id_++, &budget, memtable_size, recycled_)) {
  MutexLock lock(mutex_);
  install();
}

void MemtableSet::install() noexcept {
  auto next = std::make_shared<SuperVersion>();
  next->active = active_;
  next->immutables = immutables_;
  next->version = versions_.current();
  super_versions_.install(std::move(next));
}

void MemtableSet::switch_active(LogPosition log_end) {
  auto fresh = std::make_shared<MemtableUnit>(next_id_, &budget_, memtable_size_, recycled_);
  MutexLock lock(mutex_);
  // From here on nothing may fail: active_ and what readers see change together.
  immutables_.reserve(immutables_.size() + 1);
  ++next_id_;
  active_->log_end = log_end;
  active_->charge.resize(active_->table.approximate_bytes());
  immutables_.insert(immutables_.begin(), std::move(active_));
  active_ = std::move(fresh);
  immutable_count_.store(immutables_.size(), std::memory_order_release);
  install();
  changed_.notify_all();
}

std::shared_ptr<MemtableUnit> MemtableSet::oldest_immutable() const {
  MutexLock lock(mutex_);
  return immutables_.empty() ? nullptr : immutables_.back();
}

void MemtableSet::drop_oldest() {
  MutexLock lock(mutex_);
  KVHOST_ASSERT(!immutables_.empty(), "a flushed memtable was immutable");
  immutables_.pop_back();
  immutable_count_.store(immutables_.size(), std::memory_order_release);
  install();
  changed_.notify_all();
}

void MemtableSet::finish_flush(uint64_t id) {
  MutexLock lock(mutex_);
  flushed_id_ = std::max(flushed_id_, id);
  changed_.notify_all();
}

void MemtableSet::refresh() {
  MutexLock lock(mutex_);
  install();
}

uint64_t MemtableSet::flushed_id() const {
  MutexLock lock(mutex_);
  return flushed_id_;
}

MemtableSet::Usage MemtableSet::usage() const {
  MutexLock lock(mutex_);
  Usage usage{active_->table.approximate_bytes(), active_->table.entries()};
  for (const auto& unit : immutables_) {
    usage.bytes += unit->table.approximate_bytes();
    usage.entries += unit->table.entries();
  }
  return usage;
}

template <typename Condition>
void MemtableSet::wait_for(std::chrono::milliseconds timeout, const Condition& holds) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  const uint64_t seen = wakes_;
  while (wakes_ == seen && !holds()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return;
    changed_.wait_for(mutex_, until - now);
  }
}

void MemtableSet::wait_for_immutable(std::chrono::milliseconds timeout) {
  wait_for(timeout, [&] { return immutable_count() > 0; });
}

void MemtableSet::wait_for_fewer(std::size_t immutables, std::chrono::milliseconds timeout) {
  wait_for(timeout, [&] { return immutable_count() < immutables; });
}

void MemtableSet::wait_until_flushed(uint64_t id, std::chrono::milliseconds timeout) {
  wait_for(timeout, [&]() KVHOST_NO_THREAD_SAFETY_ANALYSIS { return flushed_id_ >= id; });
}

void MemtableSet::pause(std::chrono::milliseconds timeout) {
  wait_for(timeout, [] { return false; });
}

void MemtableSet::wake_all() {
  MutexLock lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

}  // namespace kvhost::engine
