#include "metrics/node_metrics.hpp"

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace kvhost::host {
namespace {

// Bytes of memory that are resident now.
uint64_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             &std::fclose);
  if (file == nullptr) return 0;
  char line[256];
  if (std::fgets(line, sizeof line, file.get()) == nullptr) return 0;
  char* at = line;
  std::strtoull(at, &at, 10);
  const uint64_t pages = std::strtoull(at, &at, 10);
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), &closedir);
  if (directory == nullptr) return 0;
  uint64_t entries = 0;
  while (readdir(directory.get()) != nullptr) ++entries;
  // Not counted: ".", ".." and the directory that is being read.
  return entries > 3 ? entries - 3 : 0;
}

}  // namespace

void NodeMetrics::set_plugins(std::function<std::vector<PluginMetric>()> plugins) {
  const std::lock_guard lock(mutex_);
  plugins_ = std::move(plugins);
}

void NodeMetrics::collect(std::vector<MetricFamily>& out) {
  const auto family = [&](MetricType type, const char* name, const char* help,
                          std::vector<std::string> labels) -> MetricFamily& {
    out.push_back({name, help, type, std::move(labels), {}, {}});
    return out.back();
  };
  family(MetricType::kGauge, "kvhost_build_info", "The program's version; always 1.", {"version"})
      .add(1, {version_});
  family(MetricType::kGauge, "kvhost_node_info", "The node's id; always 1.", {"node"})
      .add(1, {node_id_});

  std::function<std::vector<PluginMetric>()> plugins;
  {
    const std::lock_guard lock(mutex_);
    plugins = plugins_;
  }
  MetricFamily info{"kvhost_plugin_info",
                    "A component of a plugin that is in use; always 1.",
                    MetricType::kGauge,
                    {"plugin", "version", "kind", "component"},
                    {},
                    {}};
  MetricFamily faults{"kvhost_plugin_faults_total",
                      "Faults of a component: throws, nonsense, delays.",
                      MetricType::kCounter,
                      {"plugin", "component"},
                      {},
                      {}};
  if (plugins) {
    for (const auto& each : plugins()) {
      info.add(1, {each.plugin_id, each.version, each.kind, each.component});
      faults.add(static_cast<double>(each.faults), {each.plugin_id, each.component});
    }
  }
  out.push_back(std::move(info));
  out.push_back(std::move(faults));

  family(MetricType::kGauge, "kvhost_process_resident_memory_bytes", "Memory that is resident.", {})
      .add(static_cast<double>(resident_bytes()));
  family(MetricType::kGauge, "kvhost_process_open_files", "File descriptors that are open.", {})
      .add(static_cast<double>(open_files()));
  const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - started_;
  family(MetricType::kGauge, "kvhost_process_uptime_seconds", "Time since the start.", {})
      .add(uptime.count());
  family(MetricType::kGauge, "kvhost_executor_queued_tasks",
         "Work that waits for a thread, by lane.", {"lane"})
      .add(static_cast<double>(executor_.queued(KVH_LANE_READ)), {"read"})
      .add(static_cast<double>(executor_.queued(KVH_LANE_BACKGROUND)), {"background"});
}

}  // namespace kvhost::host
