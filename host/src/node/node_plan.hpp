// What a configuration comes to once the plugins are known: every component found, and its options
// checked against its schema. Nothing is created yet.
//
// Threads:   the control thread.
// Errors:    every mistake goes to the diagnostics, so that all are reported at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config_pages.hpp"
#include "config/node_settings.hpp"
#include "config/option_values.hpp"
#include "plugin/loaded_component.hpp"
#include "plugin/plugin_registry.hpp"

namespace kvhost::host {

struct PlannedComponent {
  LoadedComponent component;
  OptionValues values;
  ValueContext context;
  std::string section;  // "transport"
  SourcePlace place;    // of the name
};

struct NodePlan {
  std::optional<PlannedComponent> compaction;
  std::optional<PlannedComponent> replication;
  std::optional<PlannedComponent> metrics;
  std::vector<PlannedComponent> transports;
  // Policies that could decide instead; for the reference page alone.
  std::vector<PlannedComponent> other_policies;

  std::vector<ComponentPage> pages() const;
};

// Maps the libraries that `settings` names. Where a component cannot be had, it is missing in the
// plan and the diagnostics say why.
NodePlan plan_node(const NodeSettings& settings, PluginRegistry& registry,
                   Diagnostics& diagnostics);

// One component by name, with `options` (may be null), for a switch on a living node.
std::optional<PlannedComponent> plan_component(const NodeSettings& settings,
                                               const ComponentSettings& component,
                                               PluginRegistry& registry, Diagnostics& diagnostics);

// Fills in `other_policies`: every compaction policy that the registry knows, but for the one that
// is planned.
void plan_other_policies(const NodeSettings& settings, PluginRegistry& registry, NodePlan& plan,
                         Diagnostics& diagnostics);

// All that a node is made of.
struct NodeParts {
  ConfigRequest request;
  NodeSettings settings;
  NodePlan plan;
  PluginRegistry registry;
};

// Everything that can be known before anything is opened. None when the text is no TOML.
std::optional<NodeParts> prepare_node(ConfigRequest request, Diagnostics& diagnostics);

}  // namespace kvhost::host
