// Tells facts of the process and of its plugins as metric families: build, plugins and their
// faults, resident memory, open files, uptime, work that waits for the executor.
//
// Threads:   any; set_plugins on the control thread.
// Lifetime:  borrows the executor.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/metric_family.hpp"
#include "services/executor_service.hpp"

namespace kvhost::host {

struct PluginMetric {
  std::string plugin_id;
  std::string version;
  std::string kind;  // "kvhost.compaction/1"
  std::string component;
  uint64_t faults = 0;
};

class NodeMetrics final : public MetricsSource {
 public:
  NodeMetrics(std::string version, std::string node_id, const ExecutorService& executor)
      : version_(std::move(version)), node_id_(std::move(node_id)), executor_(executor) {}

  // Asked at every collection, on the collecting thread.
  void set_plugins(std::function<std::vector<PluginMetric>()> plugins);
  void collect(std::vector<MetricFamily>& out) override;

 private:
  const std::string version_;
  const std::string node_id_;
  const ExecutorService& executor_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::function<std::vector<PluginMetric>()> plugins_;
};

}  // namespace kvhost::host
