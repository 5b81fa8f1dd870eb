// One living component of a plugin: create → start → (reconfigure)* → drain → stop → destroy.
//
// Threads:   the control thread for everything but the accessors.
// Lifetime:  borrows the host table and the component; destroys the instance in its destructor,
//            after stopping it if it was started.
// Errors:    the plugin's words, with the component's name before them; an empty text is reported
// as
//            the plugin's bug.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "config/diagnostics.hpp"
#include "config/option_values.hpp"
#include "kvhost/abi/plugin.h"
#include "kvhost/result.hpp"
#include "plugin/call_owner.hpp"
#include "plugin/loaded_component.hpp"

namespace kvhost::host {

class ComponentInstance {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // What kvh_config.fail said goes to `diagnostics`, with file, line and column; the returned error
  // is then CONFIG_ERROR.
  static Result<std::unique_ptr<ComponentInstance>> create(const LoadedComponent& component,
                                                           const kvh_host& host,
                                                           OptionValues values,
                                                           const ValueContext& context,
                                                           Diagnostics& diagnostics);
  ~ComponentInstance();
  ComponentInstance(const ComponentInstance&) = delete;
  ComponentInstance& operator=(const ComponentInstance&) = delete;

  Status start();
  // Asks for the drain; several components drain at the same time.
  Status begin_drain(TimePoint deadline);
  // Waits for its end, at most until shortly after the deadline. OK when there is no such slot.
  Status finish_drain(TimePoint deadline);
  // Once; does nothing before start().
  void stop(TimePoint deadline);
  // Takes new values of reloadable options; on failure nothing changed.
  Status reconfigure(OptionValues values, const ValueContext& context, Diagnostics& diagnostics);

  void* self() const { return self_; }
  // The kind's table: kvh_transport, kvh_compaction, …; read its slots through KVH_HAS.
  template <typename Table>
  const Table* table() const {
    return static_cast<const Table*>(component_.table);
  }
  const LoadedComponent& component() const { return component_; }
  const std::string& name() const { return component_.name; }
  const OptionValues& values() const { return values_; }
  // Whose calls its plugin ends.
  const std::shared_ptr<CallOwner>& calls() const { return calls_; }

 private:
  struct DrainEnd;
  struct DrainCall;

  ComponentInstance(LoadedComponent component, OptionValues values)
      : component_(std::move(component)), values_(std::move(values)) {}

  LoadedComponent component_;
  OptionValues values_;
  void* self_ = nullptr;
  bool started_ = false;
  std::shared_ptr<DrainEnd> drain_end_;
  std::shared_ptr<CallOwner> calls_;
};

}  // namespace kvhost::host
