// Configuration written from the schemas: --print-default-config, docs/reference/config.md and the
// store's section "config".
//
// Threads:   any; pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/node_settings.hpp"
#include "config/option_schema.hpp"
#include "config/option_values.hpp"

namespace kvhost::host {

// A component with its schema, as it stands under a section of the configuration.
struct ComponentPage {
  std::string section;  // "compaction", "transport"
  std::string name;     // "leveled"
  std::string plugin_id;
  std::string doc;
  const Schema* options = nullptr;
  const OptionValues* values = nullptr;
};

// A commented node.toml that --check-config accepts: every option of the host and of `components`
// with its value, those without one commented out.
std::string default_config_page(const NodeSettings& settings,
                                const std::vector<ComponentPage>& components);
// The part of such a file that belongs to one component.
std::string component_options_page(std::string_view name, std::string_view kind,
                                   std::string_view doc, const Schema& options);
// Markdown: every section and option with type, default, bounds and doc.
std::string config_reference_page(const std::vector<ComponentPage>& components);
// {"node":{…},…,"compaction":{"plugin":"leveled","options":{…}},"transport":[…]}; secrets are
// "***".
std::string config_as_json(const NodeSettings& settings,
                           const std::vector<ComponentPage>& components);

}  // namespace kvhost::host
