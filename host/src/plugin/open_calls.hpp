// Calls that a plugin has to end, each known to it by a number. A plugin that ends a call twice, or
// when all is over, reaches nothing: it is never given an address.
//
// Threads:   any.
// Lifetime:  forever: a faulty plugin may call when its node is gone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugin/call_owner.hpp"

namespace kvhost::host {

// `Call` has a member `owner`, a CallOwner, by which take_all_of() finds what was never ended.
template <typename Call>
class OpenCalls {
 public:
  static OpenCalls& instance() {
    static OpenCalls* const calls = std::make_unique<OpenCalls>().release();
    return *calls;
  }

  // What the plugin is given for a context.
  void* add(std::unique_ptr<Call> call) {
    void* const context = call->owner->context_of(next_.fetch_add(1, std::memory_order_relaxed));
    const auto number = reinterpret_cast<uint64_t>(context);
    Shard& shard = shard_of(number);
    const std::lock_guard lock(shard.mutex);
    shard.calls.emplace(number, std::move(call));
    return context;
  }
  // Null when it was ended before.
  std::unique_ptr<Call> take(void* context) {
    const auto number = reinterpret_cast<uint64_t>(context);
    Shard& shard = shard_of(number);
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.calls.find(number);
    if (at == shard.calls.end()) return nullptr;
    std::unique_ptr<Call> call = std::move(at->second);
    shard.calls.erase(at);
    return call;
  }
  // Calls `use(call)`; false when it was ended before. `use` must not come back here.
  template <typename Use>
  bool with(void* context, Use use) {
    const auto number = reinterpret_cast<uint64_t>(context);
    Shard& shard = shard_of(number);
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.calls.find(number);
    if (at == shard.calls.end()) return false;
    use(*at->second);
    return true;
  }
  std::vector<std::unique_ptr<Call>> take_all_of(const CallOwner* owner) {
    std::vector<std::unique_ptr<Call>> taken;
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      for (auto at = shard.calls.begin(); at != shard.calls.end();) {
        if (at->second->owner != owner) {
          ++at;
          continue;
        }
        taken.push_back(std::move(at->second));
        at = shard.calls.erase(at);
      }
    }
    return taken;
  }

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<uint64_t, std::unique_ptr<Call>> calls;
  };
  Shard& shard_of(uint64_t number) { return shards_[number % kShards]; }

  std::atomic<uint64_t> next_{1};
  std::array<Shard, kShards> shards_;
};

}  // namespace kvhost::host
