#include "plugin/plugin_report.hpp"

#include <boost/json.hpp>

namespace kvhost::host {
namespace {

namespace json = boost::json;

std::string abi_text(uint32_t major, uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace

std::string plugins_as_text(const PluginRegistry& registry) {
  std::string text;
  for (const auto& candidate : registry.candidates()) {
    text += std::string(to_string(candidate.state)) + "  " + candidate.path + "\n";
    if (candidate.manifest) {
      text += "    " + candidate.manifest->name_and_version() + ", plugin ABI " +
              abi_text(candidate.manifest->abi_major, candidate.manifest->abi_minor_required) +
              "\n";
      for (const auto& component : candidate.manifest->components) {
        text += "    " + component.name + ": " + kind_text(component.kind) + "\n";
      }
    }
    if (!candidate.reason.empty()) text += "    " + candidate.reason + "\n";
  }
  text += "searched:\n";
  for (const auto& directory : registry.directories()) {
    text += "    " + directory.path;
    if (!directory.note.empty()) text += " (" + directory.note + ")";
    text += "\n";
  }
  return text;
}

std::string plugins_as_json(const PluginRegistry& registry) {
  json::array directories;
  for (const auto& directory : registry.directories()) {
    directories.push_back(json::object{{"path", directory.path}, {"note", directory.note}});
  }
  json::array plugins;
  for (const auto& candidate : registry.candidates()) {
    json::object plugin{{"file", candidate.path},
                        {"state", to_string(candidate.state)},
                        {"reason", candidate.reason}};
    if (candidate.manifest) {
      plugin["id"] = candidate.manifest->id;
      plugin["version"] = candidate.manifest->version;
      plugin["abi"] =
          abi_text(candidate.manifest->abi_major, candidate.manifest->abi_minor_required);
      json::array components;
      for (const auto& component : candidate.manifest->components) {
        components.push_back(json::object{{"kind", component.kind}, {"name", component.name}});
      }
      plugin["components"] = std::move(components);
    }
    plugins.push_back(std::move(plugin));
  }
  return json::serialize(json::object{{"abi", abi_text(KVH_ABI_MAJOR, KVH_ABI_MINOR)},
                                      {"directories", std::move(directories)},
                                      {"plugins", std::move(plugins)}});
}

}  // namespace kvhost::host
