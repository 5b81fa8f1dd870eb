// plugin inspect and schema: what a plugin file says of itself.
#include <algorithm>

#include "command_table.hpp"
#include "kvhost/host/plugin_file.hpp"
#include "kvhost/host/plugin_list.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

json::array component_list(const host::PluginManifest& manifest) {
  json::array components;
  for (const auto& component : manifest.components) {
    components.push_back(json::object{{"kind", component.kind}, {"name", component.name}});
  }
  return components;
}

json::array library_list(const host::PluginFile& file) {
  json::array libraries;
  for (const auto& library : file.needed) {
    libraries.push_back(
        json::object{{"name", library.name},
                     {"found", library.path.empty() ? std::string("nowhere") : library.path}});
  }
  return libraries;
}

}  // namespace

Status run_plugin_inspect(Invocation& call) {
  const std::string& path = call.arguments[0];
  auto file = host::read_plugin_file(path);
  if (!file) return file.error().with_context(path);
  const auto& manifest = file->manifest;
  const std::string who = path + " (" + manifest.name_and_version() + ")";
  Status fits = host::check_plugin_abi(manifest);
  if (fits.is_ok()) fits = host::check_needed_libraries(*file);
  if (fits.is_ok()) fits = host::check_plugin_file(path);
  json::array exports;
  for (const auto& name : file->exports) exports.emplace_back(name);
  const json::object members{{"id", manifest.id},
                             {"version", manifest.version},
                             {"abi", std::to_string(manifest.abi_major) + "." +
                                         std::to_string(manifest.abi_minor_required)},
                             {"components", component_list(manifest)},
                             {"needs", library_list(*file)},
                             {"exports", std::move(exports)},
                             {"stripped", file->is_stripped},
                             {"loadable", fits.is_ok()}};
  if (call.format == Format::kText) {
    call.streams.out << flat_text(members);
  } else {
    call.print("", members);
  }
  return fits.with_context(who);
}

Status run_plugin_schema(Invocation& call) {
  const std::string& path = call.arguments[0];
  const auto page =
      call.has("toml") ? host::plugin_sample_config(path) : host::plugin_options_page(path);
  if (!page) return page.error().with_context(path);
  call.streams.out << *page;
  return {};
}

}  // namespace kvhost::kvctl
