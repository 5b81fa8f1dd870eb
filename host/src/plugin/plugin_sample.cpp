// plugin_sample_config of kvhost/host/plugin_list.hpp.
#include <filesystem>
#include <set>

#include "config/config_pages.hpp"
#include "config/node_schema.hpp"
#include "kvhost/host/plugin_file.hpp"
#include "kvhost/host/plugin_list.hpp"
#include "plugin/plugin_descriptor.hpp"
#include "plugin/plugin_library.hpp"

namespace kvhost::host {
namespace {

// What stands for an option that has to be given.
std::string example_of(const OptionSchema& option) {
  switch (option.type) {
    case OptionType::kAddress:
      return option.to_toml("127.0.0.1:10001");
    case OptionType::kStrings:
    case OptionType::kTables:
      return "[]";
    case OptionType::kChoice:
      return option.to_toml(option.choices.front());
    case OptionType::kString:
    case OptionType::kPath:
      return option.to_toml("example");
    default:
      return option.to_toml(option.min_text.empty() ? "1" : option.min_text);
  }
}

// The component's part of a file, with what is required no longer commented out.
std::string sample_of(const LoadedComponent& component) {
  std::string page =
      component_options_page(component.name, component.kind, component.doc, component.options);
  for (const auto& option : component.options) {
    const std::string commented = "# " + option.path + " = ";
    const auto at = page.find("\n" + commented);
    if (!option.required || at == std::string::npos) continue;
    const auto end = page.find('\n', at + 1);
    page.replace(at + 1, end - at - 1, option.path + " = " + example_of(option));
  }
  return page;
}

}  // namespace

Result<std::string> plugin_sample_config(const std::string& file) {
  KVHOST_TRY_ASSIGN(const auto manifest, read_plugin_manifest(file));
  KVHOST_TRY(check_plugin_abi(manifest));
  std::error_code error;
  const auto path = std::filesystem::canonical(file, error);
  KVHOST_TRY(check_plugin_file(path.string()));
  KVHOST_TRY_ASSIGN(const kvh_plugin* plugin, load_plugin_library(path.string()));
  std::string page = "# " + manifest.name_and_version() +
                     " with every option.\n[node]\nplugin_path = [" +
                     toml_string(path.parent_path().string()) + "]\n";
  std::set<std::string> kinds;
  for (const auto& offered : manifest.components) {
    KVHOST_TRY_ASSIGN(const auto component,
                      read_component(*plugin, manifest, path.string(), offered));
    // A node has one of each kind, but for transports.
    bool is_repeated = false;
    for (const auto& section : component_sections()) {
      is_repeated = is_repeated || (section.kind == offered.kind && section.repeated);
    }
    if (!kinds.insert(offered.kind).second && !is_repeated) continue;
    page += "\n" + sample_of(component);
  }
  return page;
}

}  // namespace kvhost::host
