// A running node: configuration → plugins → engine → store → compaction, replication, transports,
// exporter; and back down in order.
//
// Start:     every component is created before the data is opened, so that a wrong option costs
//            nothing; then engine, store, replication, transports, exporter.
// Stop:      transports stop taking work, what was taken ends, then everything in reverse.
// Threads:   the control thread, but for the NodeView part, which any thread may call.
// Lifetime:  the destructor stops what runs.
// Errors:    their exit codes are the status table's; a component that refuses to be created is
//            CONFIG_ERROR.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "adapters/compaction_adapter.hpp"
#include "adapters/replication_adapter.hpp"
#include "kvhost/engine/engine.hpp"
#include "kvhost/engine/replaceable_engine.hpp"
#include "logging/log.hpp"
#include "metrics/engine_metrics.hpp"
#include "metrics/node_metrics.hpp"
#include "metrics/replication_metrics.hpp"
#include "node/control_queue.hpp"
#include "node/node_plan.hpp"
#include "plugin/component_instance.hpp"
#include "services/host_services.hpp"
#include "services/journal_service.hpp"
#include "store/node_view.hpp"
#include "store/store_facade.hpp"

namespace kvhost::host {

struct ListeningAddress {
  std::string component;
  std::string address;
};

class Node final : public NodeView {
 public:
  using TimePoint = ComponentInstance::TimePoint;

  static Result<std::unique_ptr<Node>> start(NodeParts parts, Log& log, ControlQueue& control);
  ~Node() override;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::vector<ListeningAddress> addresses() const;
  std::chrono::nanoseconds drain_timeout() const { return settings_.drain_timeout; }

  // Reads the configuration again and takes over what is reloadable: all of it or nothing. What
  // cannot be taken over is named in the log.
  void reload();
  // Drains at most until `deadline`, then stops and closes everything. Safe to repeat.
  Status shut_down(TimePoint deadline);

  std::string node_id() const override { return node_id_; }
  std::string host_version() const override;
  std::vector<TransportFacts> transports() const override;
  std::string plugins_json() const override;
  std::string config_json() const override;
  Status use_compaction(std::string_view name, std::string_view options) override;

 private:
  // A component as it was planned, and its living instance.
  struct Part {
    PlannedComponent plan;
    std::unique_ptr<ComponentInstance> instance;
    std::shared_ptr<CompactionAdapter> policy;  // compaction only
  };

  Node(NodeParts parts, Log& log, ControlQueue& control);

  Status run_up();
  Status create_parts(NodePlan plan);
  Result<std::unique_ptr<Part>> create_part(PlannedComponent plan, const ServiceOffer& offer,
                                            Diagnostics& diagnostics);
  Status open_engine();
  // The data, as the strategy needs it: replaceable where there is one.
  Result<std::unique_ptr<engine::Engine>> open_data(const engine::Options& options,
                                                    engine::Environment environment);
  Result<std::unique_ptr<engine::Engine>> open_fixed(const engine::Options& options,
                                                     engine::Environment environment);
  void begin_replication();
  void end_replication();
  Status start_part(Part& part);
  Status start_replication();
  Status start_transports();
  Status start_exporter();
  void publish_pages();

  void stop_part(std::unique_ptr<Part>& part, TimePoint deadline);
  Status switch_compaction(const std::string& name, const std::string& options);
  void forget_retired_policies();
  void leave_behind_if_held(std::unique_ptr<Part>& part);

  std::vector<Part*> parts() const;
  struct Reload;
  bool plan_reload(Reload& reload, Diagnostics& diagnostics);
  bool apply_reload(Reload& reload, Diagnostics& diagnostics);

  Log& log_;
  ControlQueue& control_;
  ComponentLog node_log_;
  ComponentLog engine_log_;
  const ConfigRequest request_;
  NodeSettings settings_;
  const std::string node_id_;
  NodePlan plan_;
  PluginRegistry registry_;
  std::set<std::string> doubted_files_;  // told of in the log once

  HostServices services_;
  JournalService journals_;
  StoreFacade facade_;
  std::unique_ptr<Part> compaction_;
  std::unique_ptr<Part> replication_;
  std::vector<std::unique_ptr<Part>> transports_;
  std::unique_ptr<Part> exporter_;
  // Policies that were switched away, kept until the engine has let go of them.
  std::vector<std::unique_ptr<Part>> retired_;
  // Of the data directory, where the engine's own is that of a state in it.
  std::unique_ptr<engine::FileLock> data_lock_;
  std::unique_ptr<engine::Engine> engine_;
  // The same engine where a strategy may replace the state.
  engine::ReplaceableEngine* replaceable_ = nullptr;
  bool is_attached_ = false;
  std::unique_ptr<ReplicationAdapter> ordering_;
  std::unique_ptr<EngineMetrics> engine_metrics_;
  std::unique_ptr<NodeMetrics> node_metrics_;
  std::unique_ptr<ReplicationMetrics> replication_metrics_;
  bool is_down_ = false;

  // What other threads are shown.
  mutable std::mutex pages_mutex_;
  std::string plugins_json_;
  std::string config_json_;
  std::vector<PluginMetric> plugin_metrics_;
  // Faults that the engine had counted when the policy at work came: those of others.
  uint64_t earlier_policy_faults_ = 0;
};

}  // namespace kvhost::host
