#include "plugin/call_owner.hpp"

#include <mutex>
#include <unordered_map>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

// A context has the owner's number above the call's.
constexpr int kCallBits = 44;
constexpr uint64_t kCallMask = (uint64_t{1} << kCallBits) - 1;
constexpr uint64_t kOwnerMask = (uint64_t{1} << (64 - kCallBits)) - 1;

struct Owners {
  std::mutex mutex;
  uint64_t last = 0;
  std::unordered_map<uint64_t, std::weak_ptr<CallOwner>> by_number;
};

// Never destroyed: a faulty plugin may call when all is over.
Owners& owners() {
  static auto* const kOwners = std::make_unique<Owners>().release();
  return *kOwners;
}

}  // namespace

CallOwner::CallOwner(::kvhost::Log log) : log_(log) {}

std::shared_ptr<CallOwner> CallOwner::make(::kvhost::Log log) {
  std::shared_ptr<CallOwner> owner(new CallOwner(log));
  Owners& all = owners();
  const std::lock_guard lock(all.mutex);
  owner->number_ = ++all.last & kOwnerMask;
  all.by_number[owner->number_] = owner;
  return owner;
}

CallOwner::~CallOwner() {
  Owners& all = owners();
  const std::lock_guard lock(all.mutex);
  const auto at = all.by_number.find(number_);
  if (at != all.by_number.end() && at->second.expired()) all.by_number.erase(at);
}

void* CallOwner::context_of(uint64_t call) const {
  return reinterpret_cast<void*>(number_ << kCallBits | (call & kCallMask));
}

void CallOwner::tell_late_end(void* context) noexcept {
  detail::swallowed([&] {
    std::shared_ptr<CallOwner> owner;
    {
      Owners& all = owners();
      const std::lock_guard lock(all.mutex);
      const auto at = all.by_number.find(reinterpret_cast<uint64_t>(context) >> kCallBits);
      if (at != all.by_number.end()) owner = at->second.lock();
    }
    if (owner == nullptr || owner->is_told_.exchange(true)) return;
    owner->log_.warning(
        "ended a call that was over: twice, or after it had stopped. That reaches nobody, and is "
        "not told again; this is a bug of the plugin");
  });
}

}  // namespace kvhost::host
