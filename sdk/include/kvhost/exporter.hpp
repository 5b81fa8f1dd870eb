// The C++ face of a metrics exporter: shows the node's metrics to a monitoring system.
//
// Threads:   start, attach, drain and stop on the control thread; Registry::collect on any thread.
// Lifetime:  the Registry is good from attach() until stop() returned.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kvhost/abi/metrics.h"
#include "kvhost/compaction.hpp"
#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/result.hpp"

namespace kvhost {

// All metrics of the node, as of the call.
class Registry {
 public:
  explicit Registry(const kvh_registry* registry) : registry_(registry) {}
  // visit(const kvh_family&) for each family, sorted by name; borrowed until visit returns.
  template <typename Visit>
  Status collect(Visit visit) const {
    kvh_error error = detail::make_error();
    const kvh_family_sink sink{[](void* ctx, const kvh_family* family) noexcept -> int32_t {
                                 try {
                                   (*static_cast<Visit*>(ctx))(*family);
                                   return 0;
                                 } catch (...) {
                                   return KVH_OUT_OF_MEMORY;
                                 }
                               },
                               &visit};
    return detail::read_status(registry_->collect(registry_->self, sink, &error), &error);
  }

 private:
  const kvh_registry* registry_;
};

class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual Status start() { return {}; }
  // Begins to show `registry`.
  virtual Status attach(Registry registry) = 0;
  // Returns when every thread of its own is joined and no collect is running.
  virtual void stop(Deadline deadline) = 0;
  virtual Status reconfigure(const Config& /*config*/) { return {}; }
  virtual std::vector<std::string> addresses() const { return {}; }
};

}  // namespace kvhost
