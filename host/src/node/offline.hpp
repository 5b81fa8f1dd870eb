// list_plugins of the public plugin_list.hpp, with --set arguments.
//
// Threads:   any one.
#pragma once

#include <string>

#include "config/node_settings.hpp"
#include "kvhost/host/plugin_list.hpp"

namespace kvhost::host {

Result<std::string> list_plugins(const ConfigRequest& request, PluginListFormat format);

}  // namespace kvhost::host
