// Whose calls a plugin has to end (open_calls.hpp): one owner for each component, so that a
// component that ends a call which is over can be named, once.
//
// Threads:   any.
// Lifetime:  what comes after the owner is gone reaches nobody, and is not told.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "kvhost/context.hpp"

namespace kvhost::host {

class CallOwner {
 public:
  // `log` is the component's own: its lines carry the component's name.
  static std::shared_ptr<CallOwner> make(::kvhost::Log log = {});
  ~CallOwner();
  CallOwner(const CallOwner&) = delete;
  CallOwner& operator=(const CallOwner&) = delete;

  // What the plugin is given for the context of call number `call`.
  void* context_of(uint64_t call) const;
  // A plugin ended the call of `context`, which is over: says so in the component's log, the first
  // time.
  static void tell_late_end(void* context) noexcept;

 private:
  explicit CallOwner(::kvhost::Log log);

  const ::kvhost::Log log_;
  uint64_t number_ = 0;
  std::atomic<bool> is_told_{false};
};

}  // namespace kvhost::host
