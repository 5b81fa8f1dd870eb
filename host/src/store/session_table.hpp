// Sessions: one per client connection, with the snapshots and cursors that belong to it.
//
// Threads:   any. Whether a session is open is told without a lock; its resources have a lock of
// their
//            own, so that sessions do not wait for each other.
// Lifetime:  a handle is good until its session is closed; the slots live as long as the table.
// Errors:    OVERLOADED names the limit; INVALID_ARGUMENT for a handle that is not open.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kvhost/engine/engine.hpp"
#include "kvhost/result.hpp"
#include "store/cursor.hpp"
#include "store/store_counters.hpp"
#include "store/store_settings.hpp"

namespace kvhost::host {

class SessionTable {
 public:
  SessionTable(const StoreSettings& settings, std::shared_ptr<StoreCounters> counters)
      : settings_(settings), counters_(std::move(counters)) {}
  ~SessionTable();
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  Result<uint64_t> open();
  void close(uint64_t session);
  // Gives back every resource; the sessions stay open.
  void clear_resources();
  Status check(uint64_t session) const { return is_open(session) ? Status() : not_open(session); }

  using SnapshotRef = std::shared_ptr<const engine::Snapshot>;
  using CursorRef = std::shared_ptr<Cursor>;
  Result<uint64_t> add_snapshot(uint64_t session, SnapshotRef snapshot);
  Result<uint64_t> add_cursor(uint64_t session, CursorRef cursor);
  Result<SnapshotRef> snapshot(uint64_t session, uint64_t id) const;
  Result<CursorRef> cursor(uint64_t session, uint64_t id) const;
  void close_snapshot(uint64_t session, uint64_t id);
  void close_cursor(uint64_t session, uint64_t id);

 private:
  static constexpr uint64_t kIndexBits = 20;
  static constexpr std::size_t kChunk = 256;
  static constexpr std::size_t kChunks = (std::size_t{1} << kIndexBits) / kChunk;

  struct Slot {
    std::atomic<uint64_t> id{0};  // 0: free
    uint64_t generation = 0;
    mutable std::mutex mutex;
    uint64_t next_resource = 1;
    std::map<uint64_t, SnapshotRef> snapshots;
    std::map<uint64_t, CursorRef> cursors;
  };
  using Chunk = std::array<Slot, kChunk>;

  Slot* slot(uint64_t session) const;
  bool is_open(uint64_t session) const {
    const Slot* found = session == 0 ? nullptr : slot(session);
    return found != nullptr && found->id.load(std::memory_order_acquire) == session;
  }
  static Status not_open(uint64_t session);
  // Counts one more resource of the slot and of the table.
  Status reserve(const Slot& slot);
  void clear(Slot& slot);

  const StoreSettings& settings_;
  const std::shared_ptr<StoreCounters> counters_;
  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
  std::atomic<uint64_t> resources_{0};
  std::mutex mutex_;
  std::vector<uint32_t> free_;
  uint32_t used_ = 0;
};

}  // namespace kvhost::host
