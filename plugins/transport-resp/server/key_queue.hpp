// Who may read, change and write a key now: commands that do so queue up per key, so that they do
// not undo each other's work over and over. Other writers are found out by conditions.
//
// Threads:   any.
// Lifetime:  a waiting task is posted to its mailbox when its turn has come; it must release.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "session/mailbox.hpp"

namespace kvhost::resp {

class KeyQueue {
 public:
  // A key as the queue knows it. Two keys with one hash merely wait for each other.
  static uint64_t hash(uint32_t space, std::string_view key) {
    return std::hash<std::string_view>()(key) + 0x9E3779B97F4A7C15u * (space + 1);
  }

  // True when it is the caller's turn at once; else the task is posted when it is.
  bool acquire(uint64_t key, Task& task, Mailbox& mailbox) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto [entry, is_new] = shard.waiting.try_emplace(key);
    if (is_new) return true;
    entry->second.push_back({&task, &mailbox});
    return false;
  }
  void release(uint64_t key) {
    Shard& shard = shard_of(key);
    Waiter next;
    {
      const std::lock_guard lock(shard.mutex);
      const auto entry = shard.waiting.find(key);
      if (entry->second.empty()) {
        shard.waiting.erase(entry);
        return;
      }
      next = entry->second.front();
      entry->second.pop_front();
    }
    next.mailbox->post(*next.task);
  }

 private:
  struct Waiter {
    Task* task = nullptr;
    Mailbox* mailbox = nullptr;
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<uint64_t, std::deque<Waiter>> waiting;
  };
  Shard& shard_of(uint64_t key) { return shards_[key >> 58]; }

  std::array<Shard, 64> shards_;
};

}  // namespace kvhost::resp
