// The memtables: one that takes writes, and those that wait for their flush, in order. Every change
// of them, and every new Version, becomes a super version for readers.
//
// Threads:   active() and switch_active() by the leader of the writes; everything else by any.
// Lifetime:  borrows what it is made of.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "engine/memtable_unit.hpp"
#include "engine/super_version.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

class MemtableSet {
 public:
  MemtableSet(SuperVersions& super_versions, VersionSet& versions, MemoryBudget& budget,
              uint64_t memtable_size);

  MemtableUnit& active() { return *active_; }
  // The memory that a memtable may take before it is switched.
  uint64_t memtable_size() const { return memtable_size_; }
  // 0 … 1, and above where a memtable had to grow. By the leader.
  double active_fill() const {
    return static_cast<double>(active_->table.approximate_bytes()) /
           static_cast<double>(memtable_size_);
  }
  bool is_active_full() const { return active_->table.approximate_bytes() >= memtable_size_; }

  // The active memtable becomes immutable; `log_end` is where its records end in the log.
  void switch_active(LogPosition log_end);

  // The unit that is flushed next; null when none waits.
  std::shared_ptr<MemtableUnit> oldest_immutable() const;
  // The oldest unit is in the tables of the current Version: readers look there from now on.
  void drop_oldest();
  // Everything that follows from the flush of unit `id` is done, too: flushed_id() tells of it.
  void finish_flush(uint64_t id);
  // A new Version is current.
  void refresh();

  std::size_t immutable_count() const { return immutable_count_.load(std::memory_order_acquire); }
  // Id of the newest unit that was flushed; ids start at 1.
  uint64_t flushed_id() const;
  // Memory and entries of all units.
  struct Usage {
    uint64_t bytes = 0;
    uint64_t entries = 0;
  };
  Usage usage() const;

  // These wait until what they say holds, wake_all() is called, or `timeout` has passed.
  void wait_for_immutable(std::chrono::milliseconds timeout);
  void wait_for_fewer(std::size_t immutables, std::chrono::milliseconds timeout);
  void wait_until_flushed(uint64_t id, std::chrono::milliseconds timeout);
  // Waits for wake_all() alone.
  void pause(std::chrono::milliseconds timeout);
  void wake_all();

 private:
  void install() noexcept KVHOST_REQUIRES(mutex_);
  template <typename Condition>
  void wait_for(std::chrono::milliseconds timeout, const Condition& holds);

  SuperVersions& super_versions_;
  VersionSet& versions_;
  MemoryBudget& budget_;
  const uint64_t memtable_size_;
  // What flushed memtables leave to the next one; its memory stays charged.
  const std::shared_ptr<ArenaBlocks> recycled_;
  const BudgetCharge recycled_charge_;

  mutable Mutex mutex_;
  CondVar changed_;
  uint64_t wakes_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint64_t next_id_ = 1;
  // Changed under the mutex by the leader, who may read it without.
  std::shared_ptr<MemtableUnit> active_;
  std::vector<std::shared_ptr<MemtableUnit>> immutables_ KVHOST_GUARDED_BY(mutex_);  // newest first
  uint64_t flushed_id_ KVHOST_GUARDED_BY(mutex_) = 0;
  std::atomic<std::size_t> immutable_count_{0};
};

}  // namespace kvhost::engine
