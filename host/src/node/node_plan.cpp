#include "node/node_plan.hpp"

#include <algorithm>

#include "config/address.hpp"
#include "config/node_schema.hpp"
#include "kvhost/abi/compaction.h"

namespace kvhost::host {
namespace {

// "[[transport]]" → "transport"
std::string section_name(const std::string& section) {
  std::string name = section;
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name;
}

// Until there is authentication, only this machine may reach what listens, unless the operator says
// otherwise.
void check_listening(const NodeSettings& settings, const PlannedComponent& planned,
                     Diagnostics& diagnostics) {
  if (settings.allow_insecure) return;
  for (const auto& option : planned.component.options) {
    if (option.type != OptionType::kAddress || option.name() != "listen") continue;
    const auto& value = planned.values.at(option.path);
    if (!value.is_set) continue;
    const auto address = parse_address(value.string);
    if (!address || address->is_loopback()) continue;
    diagnostics.add(value.place,
                    planned.context.section + " " + option.path + ": " + value.string +
                        " can be reached from other machines, and nobody is asked for credentials. "
                        "Listen on 127.0.0.1, or set [security] allow_insecure = true.");
  }
}

ComponentPage page_of(const PlannedComponent& planned) {
  return {planned.section,       planned.component.name,     planned.component.plugin_id,
          planned.component.doc, &planned.component.options, &planned.values};
}

}  // namespace

std::vector<ComponentPage> NodePlan::pages() const {
  std::vector<ComponentPage> pages;
  if (compaction) pages.push_back(page_of(*compaction));
  for (const auto& policy : other_policies) pages.push_back(page_of(policy));
  if (replication) pages.push_back(page_of(*replication));
  for (const auto& transport : transports) pages.push_back(page_of(transport));
  if (metrics) pages.push_back(page_of(*metrics));
  return pages;
}

std::optional<PlannedComponent> plan_component(const NodeSettings& settings,
                                               const ComponentSettings& component,
                                               PluginRegistry& registry, Diagnostics& diagnostics) {
  const std::string section = section_name(component.section);
  auto loaded = registry.load(component_section(section).kind, component.plugin);
  if (!loaded) {
    diagnostics.add(component.place, component.section + " plugin: " + loaded.error().message());
    return std::nullopt;
  }
  PlannedComponent planned;
  planned.component = std::move(*loaded);
  planned.context = settings.context_of(component);
  planned.section = section;
  planned.place = component.place;
  planned.values =
      validate_options(planned.component.options, component.options ? &*component.options : nullptr,
                       planned.context, component.place, diagnostics);
  check_listening(settings, planned, diagnostics);
  return planned;
}

NodePlan plan_node(const NodeSettings& settings, PluginRegistry& registry,
                   Diagnostics& diagnostics) {
  NodePlan plan;
  const auto plan_one = [&](const ComponentSettings& component) -> std::optional<PlannedComponent> {
    if (component.plugin.empty() || component.is_none()) return std::nullopt;
    return plan_component(settings, component, registry, diagnostics);
  };
  plan.compaction = plan_one(settings.compaction);
  plan.replication = plan_one(settings.replication);
  for (const auto& transport : settings.transports) {
    if (auto planned = plan_one(transport)) plan.transports.push_back(std::move(*planned));
  }
  plan.metrics = plan_one(settings.metrics);
  return plan;
}

void plan_other_policies(const NodeSettings& settings, PluginRegistry& registry, NodePlan& plan,
                         Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const auto& candidate : registry.candidates()) {
    if (!candidate.manifest) continue;
    for (const auto& component : candidate.manifest->components) {
      const bool is_planned = plan.compaction && plan.compaction->component.name == component.name;
      if (component.kind == KVH_KIND_COMPACTION && !is_planned) names.push_back(component.name);
    }
  }
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    ComponentSettings settings_of_policy;
    settings_of_policy.section = "[compaction]";
    settings_of_policy.plugin = name;
    if (auto planned = plan_component(settings, settings_of_policy, registry, diagnostics)) {
      plan.other_policies.push_back(std::move(*planned));
    }
  }
}

std::optional<NodeParts> prepare_node(ConfigRequest request, Diagnostics& diagnostics) {
  NodeParts parts;
  auto settings = read_node_settings(request, diagnostics);
  if (!settings) return std::nullopt;
  parts.request = std::move(request);
  parts.settings = std::move(*settings);
  parts.registry = PluginRegistry::scan(PluginRegistry::search_path(parts.settings.plugin_path));
  parts.plan = plan_node(parts.settings, parts.registry, diagnostics);
  return parts;
}

}  // namespace kvhost::host
