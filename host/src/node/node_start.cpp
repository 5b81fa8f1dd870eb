// The way up of node.hpp.
#include <algorithm>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "kvhost/detail/boundary.hpp"
#include "node/node.hpp"
#include "plugin/plugin_library.hpp"
#include "plugin/plugin_words.hpp"

namespace kvhost::host {
namespace {

ServiceSettings service_settings(const NodeSettings& settings) {
  ServiceSettings services;
  services.node_id = settings.id;
  services.host_version = KVHOST_VERSION;
  services.data_dir = settings.data_dir;
  services.max_key_bytes = settings.engine.max_key_size;
  services.max_value_bytes = settings.engine.max_value_size;
  services.max_batch_bytes = settings.engine.max_batch_size;
  services.request_timeout = settings.request_timeout;
  services.allow_insecure = settings.allow_insecure;
  return services;
}

StoreSettings store_settings(const NodeSettings& settings) {
  StoreSettings store;
  store.max_key_bytes = settings.engine.max_key_size;
  store.max_value_bytes = settings.engine.max_value_size;
  store.max_batch_bytes = settings.engine.max_batch_size;
  store.request_timeout = settings.request_timeout;
  store.backup_dir = settings.backup_dir;
  return store;
}

// A component that refuses to be created is a matter of configuration, unless the machine is at
// fault.
Status creation_failure(const Status& status) {
  switch (status.info().kvhost_exit) {
    case 69:
    case 71:
    case 74:
    case 75:
    case 78:
      return status;
    default:
      return {StatusCode::CONFIG_ERROR, status.message()};
  }
}

// Codes that mean nothing at start are the plugin's fault.
Status start_failure(const Status& status) {
  const int exit = status.info().kvhost_exit;
  if (exit != 1 && exit != 64) return status;
  return {StatusCode::PLUGIN_ERROR, status.message()};
}

}  // namespace

Node::Node(NodeParts parts, Log& log, ControlQueue& control)
    : log_(log),
      control_(control),
      node_log_(log, "node"),
      engine_log_(log, "engine"),
      request_(std::move(parts.request)),
      settings_(std::move(parts.settings)),
      node_id_(settings_.id),
      plan_(std::move(parts.plan)),
      registry_(std::move(parts.registry)),
      services_(service_settings(settings_), log),
      journals_(engine::posix_file_system(), settings_.data_dir + "/journals", engine_log_),
      facade_(store_settings(settings_), services_.timer(), services_.executor()) {}

Result<std::unique_ptr<Node>> Node::start(NodeParts parts, Log& log, ControlQueue& control) {
  std::unique_ptr<Node> node(new Node(std::move(parts), log, control));
  if (Status status = node->run_up(); !status) {
    // What had started is stopped before the error is told.
    node.reset();
    return status;
  }
  return node;
}

Status Node::run_up() {
  KVHOST_TRY(create_parts(std::move(plan_)));
  publish_pages();
  KVHOST_TRY(open_engine());
  KVHOST_TRY(start_replication());
  facade_.serve();
  KVHOST_TRY(start_transports());
  KVHOST_TRY(start_exporter());
  publish_pages();
  return {};
}

Result<std::unique_ptr<Node::Part>> Node::create_part(PlannedComponent plan,
                                                      const ServiceOffer& offer,
                                                      Diagnostics& diagnostics) {
  auto part = std::make_unique<Part>();
  part->plan = std::move(plan);
  const auto& component = part->plan.component;
  const std::string doubt = plugin_file_doubt(component.file);
  if (!doubt.empty() && doubted_files_.insert(component.file).second) node_log_.warning(doubt);
  auto instance = ComponentInstance::create(component, services_.host_for(component.name, offer),
                                            part->plan.values, part->plan.context, diagnostics);
  if (!instance) {
    return creation_failure(instance.error().with_context(part->plan.place.to_string()));
  }
  part->instance = std::move(*instance);
  if (component.kind == KVH_KIND_COMPACTION) {
    part->policy = std::make_shared<CompactionAdapter>(part->instance->table<kvh_compaction>(),
                                                       part->instance->self(), component.name);
  }
  return part;
}

Status Node::create_parts(NodePlan plan) {
  Diagnostics diagnostics;
  Status first;
  const auto create = [&](PlannedComponent planned, const ServiceOffer& offer) {
    auto part = create_part(std::move(planned), offer, diagnostics);
    if (part) return std::move(*part);
    if (first) first = part.status();
    return std::unique_ptr<Part>();
  };
  if (plan.compaction) compaction_ = create(std::move(*plan.compaction), {});
  if (plan.replication) {
    const ServiceOffer offer{1, nullptr, journals_.table()};
    replication_ = create(std::move(*plan.replication), offer);
  }
  const auto shares = std::max<std::size_t>(1, plan.transports.size());
  const auto share = std::max<std::size_t>(1, settings_.io_threads / shares);
  for (auto& transport : plan.transports) {
    const ServiceOffer offer{static_cast<uint32_t>(share), facade_.table(), nullptr};
    if (auto part = create(std::move(transport), offer)) transports_.push_back(std::move(part));
  }
  if (plan.metrics) exporter_ = create(std::move(*plan.metrics), {});
  if (!diagnostics.empty()) return diagnostics.to_status();
  return first;
}

Status Node::start_part(Part& part) {
  const Status started = part.instance->start();
  return started ? started : start_failure(started);
}

Status Node::open_engine() {
  engine::Options options = settings_.engine;
  if (replication_ != nullptr) {
    const auto* table = replication_->instance->table<kvh_replication>();
    const uint64_t traits = table->traits(replication_->instance->self());
    if ((traits & KVH_TRAIT_OWN_LOG) != 0) options.wal_sync = engine::WalSync::kOff;
  }
  engine::Environment environment;
  environment.logger = &engine_log_;
  if (compaction_ != nullptr) {
    KVHOST_TRY(start_part(*compaction_));
    environment.policy = compaction_->policy;
    environment.policy_name = compaction_->plan.component.name;
  }
  auto engine = open_data(options, std::move(environment));
  if (!engine) {
    const auto& error = engine.error();
    // A directory that cannot hold the data is the configuration's mistake.
    return error.info().kvhost_exit == 64 || error.info().kvhost_exit == 1
               ? Status(StatusCode::CONFIG_ERROR, error.message())
               : error;
  }
  engine_ = std::move(*engine);
  engine_metrics_ = std::make_unique<EngineMetrics>(*engine_, facade_.counters());
  node_metrics_ = std::make_unique<NodeMetrics>(KVHOST_VERSION, settings_.id, services_.executor());
  node_metrics_->set_plugins([this] {
    const uint64_t faults = engine_->statistics().policy_faults;
    const std::lock_guard lock(pages_mutex_);
    auto metrics = plugin_metrics_;
    for (auto& metric : metrics) {
      if (metric.kind != KVH_KIND_COMPACTION) continue;
      // An engine whose state was replaced counts anew.
      metric.faults = faults - (faults < earlier_policy_faults_ ? 0 : earlier_policy_faults_);
    }
    return metrics;
  });
  services_.metrics().add_source(engine_metrics_.get());
  services_.metrics().add_source(node_metrics_.get());
  return {};
}

Status Node::start_replication() {
  if (replication_ != nullptr) {
    auto& instance = *replication_->instance;
    ordering_ = std::make_unique<ReplicationAdapter>(
        instance.table<kvh_replication>(), instance.self(), instance.name(), *engine_,
        StatePlace{replaceable_, &engine::posix_file_system(), settings_.data_dir},
        instance.calls());
    begin_replication();
    KVHOST_TRY(start_part(*replication_));
  }
  facade_.attach(*engine_, ordering_.get(), this);
  if (ordering_ == nullptr) return {};
  const Status attached = ordering_->attach();
  is_attached_ = attached.is_ok();
  return attached ? attached : start_failure(attached);
}

Status Node::start_transports() {
  for (auto& transport : transports_) KVHOST_TRY(start_part(*transport));
  return {};
}

Status Node::start_exporter() {
  if (exporter_ == nullptr) return {};
  KVHOST_TRY(start_part(*exporter_));
  auto& instance = *exporter_->instance;
  kvh_error error = detail::make_error();
  const int32_t code = instance.table<kvh_exporter>()->attach(
      instance.self(), services_.metrics().registry_table(), &error);
  if (code == KVH_OK) return {};
  return start_failure(
      plugin_words(code, &error).with_context(instance.component().describe() + ": attach failed"));
}

}  // namespace kvhost::host
