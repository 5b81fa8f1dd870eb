// The list of plugins, for --list-plugins, `kvctl plugin list` and the store's section "plugins".
//
// Threads:   any, while nothing is loaded.
#pragma once

#include <string>

#include "plugin/plugin_registry.hpp"

namespace kvhost::host {

std::string plugins_as_text(const PluginRegistry& registry);
// {"abi":"1.0","directories":[{"path","note"}],"plugins":[{"file","state","reason","id","version",
//  "abi","components":[{"kind","name"}]}]}
std::string plugins_as_json(const PluginRegistry& registry);

}  // namespace kvhost::host
