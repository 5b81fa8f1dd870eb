// What a running node shows and does for administrators.
#include "config/config_file.hpp"
#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/transport.h"
#include "kvhost/detail/boundary.hpp"
#include "node/node.hpp"
#include "plugin/plugin_report.hpp"

namespace kvhost::host {
namespace {

template <typename Table>
std::vector<std::string> addresses_of(const ComponentInstance& instance) {
  std::vector<std::string> addresses;
  const auto* table = instance.table<Table>();
  if (!KVH_HAS(table, Table, addresses)) return addresses;
  const kvh_bytes_sink sink{
      [](void* ctx, kvh_bytes piece) noexcept -> int32_t {
        detail::swallowed([&] {
          static_cast<std::vector<std::string>*>(ctx)->emplace_back(detail::to_view(piece));
        });
        return 0;
      },
      &addresses};
  table->addresses(instance.self(), sink);
  return addresses;
}

// Lines of TOML, or the inline table that fits on a command line: `{ fanout = 8, max_runs = 9 }`.
Result<ConfigValue> parse_given_options(const std::string& text) {
  const bool is_inline = text.find_first_not_of(" \t\n") != std::string::npos &&
                         text[text.find_first_not_of(" \t\n")] == '{';
  auto parsed =
      parse_config_text(is_inline ? "options = " + text : text, "compaction use --options");
  if (!parsed) return Status(StatusCode::INVALID_ARGUMENT, parsed.error().message());
  if (!is_inline) return std::move(*parsed);
  auto* const table = parsed->find("options");
  if (parsed->members.size() == 1 && table != nullptr && table->type == ConfigType::kTable) {
    return std::move(*table);
  }
  return Status(StatusCode::INVALID_ARGUMENT,
                "compaction use --options: expected lines of TOML or one inline table, found \"" +
                    text + "\"");
}

}  // namespace

std::string Node::host_version() const { return KVHOST_VERSION; }

std::vector<Node::Part*> Node::parts() const {
  std::vector<Part*> all;
  if (compaction_) all.push_back(compaction_.get());
  if (replication_) all.push_back(replication_.get());
  for (const auto& transport : transports_) all.push_back(transport.get());
  if (exporter_) all.push_back(exporter_.get());
  return all;
}

std::vector<ListeningAddress> Node::addresses() const {
  std::vector<ListeningAddress> all;
  for (const auto& transport : transports_) {
    for (auto& address : addresses_of<kvh_transport>(*transport->instance)) {
      all.push_back({transport->instance->name(), std::move(address)});
    }
  }
  if (exporter_ == nullptr) return all;
  for (auto& address : addresses_of<kvh_exporter>(*exporter_->instance)) {
    all.push_back({exporter_->instance->name(), std::move(address)});
  }
  return all;
}

std::vector<TransportFacts> Node::transports() const {
  // The list of transports does not change while the node serves.
  std::vector<TransportFacts> all;
  for (const auto& transport : transports_) {
    const auto& instance = *transport->instance;
    TransportFacts facts{instance.name(), addresses_of<kvh_transport>(instance), ""};
    const auto* table = instance.table<kvh_transport>();
    if (KVH_HAS(table, kvh_transport, info)) {
      table->info(instance.self(), detail::string_sink(facts.info_json));
    }
    all.push_back(std::move(facts));
  }
  return all;
}

void Node::publish_pages() {
  std::vector<ComponentPage> pages;
  std::vector<PluginMetric> metrics;
  for (const Part* part : parts()) {
    const auto& component = part->plan.component;
    pages.push_back({part->plan.section, component.name, component.plugin_id, component.doc,
                     &component.options, &part->instance->values()});
    metrics.push_back(
        {component.plugin_id, component.plugin_version, component.kind, component.name, 0});
  }
  std::string plugins = plugins_as_json(registry_);
  std::string config = config_as_json(settings_, pages);
  const std::lock_guard lock(pages_mutex_);
  plugins_json_ = std::move(plugins);
  config_json_ = std::move(config);
  plugin_metrics_ = std::move(metrics);
}

std::string Node::plugins_json() const {
  const std::lock_guard lock(pages_mutex_);
  return plugins_json_;
}

std::string Node::config_json() const {
  const std::lock_guard lock(pages_mutex_);
  return config_json_;
}

Status Node::use_compaction(std::string_view name, std::string_view options) {
  return control_.call([this, name = std::string(name), options = std::string(options)] {
    return switch_compaction(name, options);
  });
}

Status Node::switch_compaction(const std::string& name, const std::string& options) {
  forget_retired_policies();
  ComponentSettings chosen;
  chosen.section = "[compaction]";
  chosen.plugin = name;
  chosen.place.source = std::make_shared<const std::string>("compaction use " + name);
  // The file's options belong to the policy that it names.
  if (name == settings_.compaction.plugin) chosen = settings_.compaction;
  if (!options.empty()) {
    KVHOST_TRY_ASSIGN(chosen.options, parse_given_options(options));
    chosen.options_place = chosen.options->place;
  }
  Diagnostics diagnostics;
  auto planned = plan_component(settings_, chosen, registry_, diagnostics);
  publish_pages();
  if (!diagnostics.empty()) {
    return {StatusCode::INVALID_ARGUMENT, diagnostics.to_status().message()};
  }
  auto part = create_part(std::move(*planned), {}, diagnostics);
  if (!diagnostics.empty()) {
    return {StatusCode::INVALID_ARGUMENT, diagnostics.to_status().message()};
  }
  if (!part) return part.error();
  KVHOST_TRY(start_part(**part));
  const uint64_t faults = engine_->statistics().policy_faults;
  engine_->set_policy((*part)->policy, name);
  {
    const std::lock_guard lock(pages_mutex_);
    earlier_policy_faults_ = faults;
  }
  if (compaction_ != nullptr) retired_.push_back(std::move(compaction_));
  compaction_ = std::move(*part);
  publish_pages();
  node_log_.info("compaction is now decided by " + compaction_->plan.component.describe());
  return {};
}

void Node::forget_retired_policies() {
  std::erase_if(retired_, [this](std::unique_ptr<Part>& part) {
    if (part->policy.use_count() > 1) return false;
    stop_part(part, std::chrono::steady_clock::now());
    return true;
  });
}

}  // namespace kvhost::host
