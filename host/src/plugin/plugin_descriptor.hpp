// Reads the table of a mapped plugin: through sizes and strides, believing nothing.
//
// Threads:   the control thread.
// Errors:    PLUGIN_INCOMPATIBLE (another ABI), PLUGIN_ERROR (the table contradicts the manifest or
//            itself: a bug of the plugin).
#pragma once

#include <string>

#include "kvhost/abi/plugin.h"
#include "kvhost/host/plugin_manifest.hpp"
#include "kvhost/result.hpp"
#include "plugin/loaded_component.hpp"

namespace kvhost::host {

// The component `wanted` of the plugin that `manifest` promised.
Result<LoadedComponent> read_component(const kvh_plugin& plugin, const PluginManifest& manifest,
                                       const std::string& file, const ManifestComponent& wanted);

}  // namespace kvhost::host
