// What the public headers offer without a running node: config_check.hpp and plugin_list.hpp.
#include "node/offline.hpp"

#include "config/config_pages.hpp"
#include "kvhost/host/config_check.hpp"
#include "kvhost/host/plugin_file.hpp"
#include "node/node_plan.hpp"
#include "plugin/plugin_descriptor.hpp"
#include "plugin/plugin_library.hpp"
#include "plugin/plugin_report.hpp"

namespace kvhost::host {

std::vector<std::string> check_config_file(const std::string& path) {
  Diagnostics diagnostics;
  (void)prepare_node({path, {}}, diagnostics);
  std::vector<std::string> mistakes;
  for (const auto& item : diagnostics.items()) mistakes.push_back(item.to_string());
  return mistakes;
}

Result<std::string> list_plugins(const ConfigRequest& request, PluginListFormat format) {
  Diagnostics diagnostics;
  const auto settings = read_node_settings(request, diagnostics);
  // Mistakes elsewhere in the file do not keep anybody from looking for plugins.
  if (!settings) return diagnostics.to_status();
  const auto registry = PluginRegistry::scan(PluginRegistry::search_path(settings->plugin_path));
  return format == PluginListFormat::kJson ? plugins_as_json(registry) + "\n"
                                           : plugins_as_text(registry);
}

Result<std::string> list_plugins(const std::optional<std::string>& config_file,
                                 PluginListFormat format) {
  return list_plugins(ConfigRequest{config_file, {}}, format);
}

Result<std::string> plugin_options_page(const std::string& file) {
  KVHOST_TRY_ASSIGN(const auto manifest, read_plugin_manifest(file));
  KVHOST_TRY(check_plugin_abi(manifest));
  KVHOST_TRY(check_plugin_file(file));
  KVHOST_TRY_ASSIGN(const kvh_plugin* plugin, load_plugin_library(file));
  std::string page;
  for (const auto& offered : manifest.components) {
    KVHOST_TRY_ASSIGN(const auto component, read_component(*plugin, manifest, file, offered));
    page +=
        component_options_page(component.name, component.kind, component.doc, component.options);
  }
  return page;
}

}  // namespace kvhost::host
