// What the host offers to components: one kvh_host table each, over services that all share.
//
// Threads:   host_for() and stop() on the control thread; the tables on any thread.
// Lifetime:  the tables and everything behind them live until this is destroyed, which is after
// every
//            component is. The log, the store and the journal are borrowed.
// Errors:    a service that a component is not offered is null.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kvhost/abi/host.h"
#include "kvhost/abi/journal.h"
#include "kvhost/abi/store.h"
#include "logging/log.hpp"
#include "metrics/metrics_registry.hpp"
#include "services/executor_service.hpp"
#include "services/timer_service.hpp"

namespace kvhost::host {

struct ServiceSettings {
  std::string node_id = "node";
  std::string host_version = "0";
  std::string data_dir;  // absolute
  uint64_t max_key_bytes = uint64_t{64} << 10;
  uint64_t max_value_bytes = uint64_t{64} << 20;
  uint64_t max_batch_bytes = uint64_t{256} << 20;
  std::chrono::nanoseconds request_timeout = std::chrono::seconds(5);
  bool allow_insecure = false;
  ExecutorSettings executor;
};

// What one component gets beyond log, node, timer, executor and metrics.
struct ServiceOffer {
  uint32_t io_threads = 1;               // its share of [node] io_threads
  const kvh_store* store = nullptr;      // for transports
  const kvh_journal* journal = nullptr;  // for replication strategies
};

class HostServices {
 public:
  HostServices(ServiceSettings settings, Log& log);
  ~HostServices();
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  // A table for the component `name`, whose log lines carry that name. A second call makes a second
  // table.
  const kvh_host& host_for(std::string name, const ServiceOffer& offer = {});

  TimerService& timer() { return timer_; }
  ExecutorService& executor() { return executor_; }
  MetricsRegistry& metrics() { return metrics_; }
  const ServiceSettings& settings() const { return settings_; }

  // Runs what the executor has taken and joins all threads. Timers that are not due never fire.
  // Call it after every component and the store are stopped.
  void stop();

 private:
  struct ComponentTables;

  ServiceSettings settings_;
  Log& log_;
  MetricsRegistry metrics_;
  TimerService timer_;
  ExecutorService executor_;
  std::vector<std::unique_ptr<ComponentTables>> tables_;
};

}  // namespace kvhost::host
