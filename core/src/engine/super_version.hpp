// Everything a read looks at, newest first: the active memtable, the immutable ones, the tables.
//
// Threads:   a SuperVersion is immutable (the active memtable's contents apart). SuperVersions:
//            install() and reclaim() by any thread; readers by any thread, without locks.
// Lifetime:  a reader holds a ReaderEpochs::Guard while it uses what current() returned, or takes a
//            share() that lives as long as it likes.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "engine/memtable_unit.hpp"
#include "engine/reader_epochs.hpp"
#include "version/version.hpp"

namespace kvhost::engine {

struct SuperVersion : std::enable_shared_from_this<SuperVersion> {
  std::shared_ptr<MemtableUnit> active;
  std::vector<std::shared_ptr<MemtableUnit>> immutables;  // newest first
  VersionPtr version;
};

using SuperVersionPtr = std::shared_ptr<const SuperVersion>;

class SuperVersions {
 public:
  // What the next reader sees. Frees what no reader can see any more.
  void install(SuperVersionPtr next);
  // Frees what no reader can see any more; true when nothing is left to free.
  bool reclaim();

  // Requires a guard that lives as long as the result is used, and an install() before.
  const SuperVersion& current(const ReaderEpochs::Guard& /*held*/) const {
    return *current_.load(std::memory_order_seq_cst);
  }
  SuperVersionPtr share() const;

 private:
  struct Retired {
    SuperVersionPtr what;
    uint64_t epoch;
  };

  std::atomic<const SuperVersion*> current_{nullptr};
  Mutex mutex_;
  SuperVersionPtr owner_ KVHOST_GUARDED_BY(mutex_);
  std::vector<Retired> retired_ KVHOST_GUARDED_BY(mutex_);
};

}  // namespace kvhost::engine
