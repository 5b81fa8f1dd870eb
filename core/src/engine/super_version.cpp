#include "engine/super_version.hpp"

#include <utility>

namespace kvhost::engine {

void SuperVersions::install(SuperVersionPtr next) {
  {
    MutexLock lock(mutex_);
    current_.store(next.get(), std::memory_order_seq_cst);
    if (owner_) retired_.push_back({std::move(owner_), ReaderEpochs::retire()});
    owner_ = std::move(next);
  }
  reclaim();
}

bool SuperVersions::reclaim() {
  // Freed after the lock is gone: the last owner of a memtable has much to free.
  std::vector<Retired> free_now;
  MutexLock lock(mutex_);
  std::erase_if(retired_, [&](Retired& one) {
    if (!ReaderEpochs::is_over(one.epoch)) return false;
    free_now.push_back(std::move(one));
    return true;
  });
  const bool is_clean = retired_.empty();
  lock.unlock();
  return is_clean;
}

SuperVersionPtr SuperVersions::share() const {
  const ReaderEpochs::Guard guard;
  return current(guard).shared_from_this();
}

}  // namespace kvhost::engine
