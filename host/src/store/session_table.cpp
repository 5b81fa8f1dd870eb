#include "store/session_table.hpp"

#include <utility>

namespace kvhost::host {

SessionTable::~SessionTable() {
  for (auto& chunk : chunks_) std::unique_ptr<Chunk>(chunk.load());
}

SessionTable::Slot* SessionTable::slot(uint64_t session) const {
  const uint64_t index = session & ((uint64_t{1} << kIndexBits) - 1);
  Chunk* chunk = chunks_[index / kChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : &(*chunk)[index % kChunk];
}

Status SessionTable::not_open(uint64_t session) {
  return {StatusCode::INVALID_ARGUMENT, "session " + std::to_string(session) +
                                            " is not open; every call carries a session that "
                                            "session_open gave and session_close has not ended"};
}

Result<uint64_t> SessionTable::open() {
  const std::lock_guard lock(mutex_);
  uint32_t index = 0;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    if (used_ >= settings_.max_sessions || used_ >= kChunk * kChunks) {
      return Status(StatusCode::OVERLOADED, std::to_string(used_) +
                                                " sessions are open, the most that this node "
                                                "takes; close idle connections");
    }
    index = used_;
    if (index % kChunk == 0) chunks_[index / kChunk].store(std::make_unique<Chunk>().release());
    free_.reserve(used_ + 1);
    ++used_;
  }
  Slot& opened = *slot(index);
  const uint64_t id = (++opened.generation << kIndexBits) | index;
  opened.id.store(id, std::memory_order_release);
  counters_->sessions.fetch_add(1, std::memory_order_relaxed);
  return id;
}

void SessionTable::clear(Slot& cleared) {
  // Destroyed after the lock is let go: giving back a snapshot may do work.
  std::map<uint64_t, SnapshotRef> snapshots;
  std::map<uint64_t, CursorRef> cursors;
  {
    const std::lock_guard lock(cleared.mutex);
    snapshots.swap(cleared.snapshots);
    cursors.swap(cleared.cursors);
  }
  resources_.fetch_sub(snapshots.size() + cursors.size(), std::memory_order_relaxed);
  counters_->snapshots.fetch_sub(snapshots.size(), std::memory_order_relaxed);
  counters_->cursors.fetch_sub(cursors.size(), std::memory_order_relaxed);
}

void SessionTable::close(uint64_t session) {
  Slot* const closed = slot(session);
  if (closed == nullptr) return;
  {
    // The resources' lock: none is added to a session that is closed.
    const std::lock_guard lock(closed->mutex);
    uint64_t expected = session;
    if (session == 0 || !closed->id.compare_exchange_strong(expected, 0)) return;
  }
  clear(*closed);
  counters_->sessions.fetch_sub(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  free_.push_back(static_cast<uint32_t>(session & ((uint64_t{1} << kIndexBits) - 1)));
}

void SessionTable::clear_resources() {
  for (auto& place : chunks_) {
    Chunk* chunk = place.load(std::memory_order_acquire);
    if (chunk == nullptr) return;
    for (Slot& each : *chunk) clear(each);
  }
}

Status SessionTable::reserve(const Slot& owner) {
  const uint64_t held = owner.snapshots.size() + owner.cursors.size();
  if (held >= settings_.max_session_resources) {
    return {StatusCode::OVERLOADED, std::to_string(held) +
                                        " snapshots and cursors are open in this session, the most "
                                        "that one may hold; close some"};
  }
  if (resources_.fetch_add(1, std::memory_order_relaxed) >= settings_.max_resources) {
    resources_.fetch_sub(1, std::memory_order_relaxed);
    return {StatusCode::OVERLOADED, std::to_string(settings_.max_resources) +
                                        " snapshots and cursors are open, the most that this node "
                                        "holds for all sessions"};
  }
  return {};
}

Result<uint64_t> SessionTable::add_snapshot(uint64_t session, SnapshotRef snapshot) {
  Slot* const owner = slot(session);
  if (owner == nullptr) return not_open(session);
  const std::lock_guard lock(owner->mutex);
  if (!is_open(session)) return not_open(session);
  KVHOST_TRY(reserve(*owner));
  const uint64_t id = owner->next_resource++;
  owner->snapshots.emplace(id, std::move(snapshot));
  counters_->snapshots.fetch_add(1, std::memory_order_relaxed);
  return id;
}

Result<uint64_t> SessionTable::add_cursor(uint64_t session, CursorRef cursor) {
  Slot* const owner = slot(session);
  if (owner == nullptr) return not_open(session);
  const std::lock_guard lock(owner->mutex);
  if (!is_open(session)) return not_open(session);
  KVHOST_TRY(reserve(*owner));
  const uint64_t id = owner->next_resource++;
  owner->cursors.emplace(id, std::move(cursor));
  counters_->cursors.fetch_add(1, std::memory_order_relaxed);
  return id;
}

Result<SessionTable::SnapshotRef> SessionTable::snapshot(uint64_t session, uint64_t id) const {
  Slot* const owner = slot(session);
  if (owner == nullptr) return not_open(session);
  const std::lock_guard lock(owner->mutex);
  if (!is_open(session)) return not_open(session);
  const auto found = owner->snapshots.find(id);
  if (found == owner->snapshots.end()) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "snapshot " + std::to_string(id) + " is not open in this session");
  }
  return found->second;
}

Result<SessionTable::CursorRef> SessionTable::cursor(uint64_t session, uint64_t id) const {
  Slot* const owner = slot(session);
  if (owner == nullptr) return not_open(session);
  const std::lock_guard lock(owner->mutex);
  if (!is_open(session)) return not_open(session);
  const auto found = owner->cursors.find(id);
  if (found == owner->cursors.end()) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "cursor " + std::to_string(id) + " is not open in this session");
  }
  return found->second;
}

void SessionTable::close_snapshot(uint64_t session, uint64_t id) {
  Slot* const owner = slot(session);
  if (owner == nullptr) return;
  SnapshotRef closed;
  {
    const std::lock_guard lock(owner->mutex);
    const auto found = owner->snapshots.find(id);
    if (!is_open(session) || found == owner->snapshots.end()) return;
    closed = std::move(found->second);
    owner->snapshots.erase(found);
  }
  resources_.fetch_sub(1, std::memory_order_relaxed);
  counters_->snapshots.fetch_sub(1, std::memory_order_relaxed);
}

void SessionTable::close_cursor(uint64_t session, uint64_t id) {
  Slot* const owner = slot(session);
  if (owner == nullptr) return;
  CursorRef closed;
  {
    const std::lock_guard lock(owner->mutex);
    const auto found = owner->cursors.find(id);
    if (!is_open(session) || found == owner->cursors.end()) return;
    closed = std::move(found->second);
    owner->cursors.erase(found);
  }
  resources_.fetch_sub(1, std::memory_order_relaxed);
  counters_->cursors.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace kvhost::host
