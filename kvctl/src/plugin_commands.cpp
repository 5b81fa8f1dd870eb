// plugin list and new.
#include <filesystem>
#include <fstream>

#include "command_table.hpp"
#include "kvhost/host/plugin_list.hpp"
#include "plugin_template.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

std::string text_of(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// The node's list as rows; the answer is an object with "plugins", or the array itself.
std::vector<std::vector<std::string>> plugin_rows(const json::value& answer) {
  std::vector<std::vector<std::string>> rows = {{"COMPONENT", "KIND", "PLUGIN", "STATE", "FILE"}};
  const json::value* list = &answer;
  if (answer.is_object()) list = answer.get_object().if_contains("plugins");
  if (list == nullptr || !list->is_array()) return rows;
  for (const auto& item : list->get_array()) {
    if (!item.is_object()) continue;
    const json::object& plugin = item.get_object();
    const std::string id = text_of(plugin, "id") + " " + text_of(plugin, "version");
    const auto* const components = plugin.if_contains("components");
    if (components == nullptr || !components->is_array() || components->get_array().empty()) {
      rows.push_back({"", "", id, text_of(plugin, "state"), text_of(plugin, "file")});
      continue;
    }
    for (const auto& component : components->get_array()) {
      if (!component.is_object()) continue;
      rows.push_back({text_of(component.get_object(), "name"),
                      text_of(component.get_object(), "kind"), id, text_of(plugin, "state"),
                      text_of(plugin, "file")});
    }
  }
  return rows;
}

}  // namespace

Status run_plugin_list(Invocation& call) {
  if (call.has("all")) {
    const auto format = call.format == Format::kText ? host::PluginListFormat::kText
                                                     : host::PluginListFormat::kJson;
    KVHOST_TRY_ASSIGN(const auto list, host::list_plugins(std::nullopt, format));
    if (call.format == Format::kTable) {
      call.streams.out << table(plugin_rows(json::parse(list)));
    } else {
      call.streams.out << list << (call.format == Format::kJson ? "\n" : "");
    }
    return {};
  }
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto answer, client->info("plugins"));
  if (call.format == Format::kJson) {
    call.streams.out << answer << '\n';
    return {};
  }
  boost::system::error_code failure;
  const json::value list = json::parse(answer, failure);
  if (failure) return {StatusCode::PROTOCOL_ERROR, "the node's answer is no JSON"};
  call.streams.out << table(plugin_rows(list));
  return {};
}

Status run_plugin_new(Invocation& call) {
  auto project = new_plugin_project(call.arguments[0], call.arguments[1]);
  if (!project) return call.usage(project.error().message());
  const fs::path folder(call.arguments[1]);
  std::error_code failure;
  if (fs::exists(folder, failure)) {
    return {StatusCode::CONFLICT, folder.string() + " exists already; choose another name"};
  }
  json::array files;
  for (const auto& file : *project) {
    const fs::path path = folder / file.path;
    fs::create_directories(path.parent_path(), failure);
    std::ofstream out(path, std::ios::binary);
    out << file.text;
    out.close();
    if (failure || !out) return {StatusCode::IO_ERROR, path.string() + ": cannot be written"};
    files.emplace_back(path.string());
  }
  std::string text = "made " + folder.string() + ":";
  for (const auto& file : *project) text += "\n  " + file.path;
  const std::string name = folder.string();
  text += "\nbuild it: cmake -S " + name + " -B " + name + "/build && cmake --build " + name +
          "/build && ctest --test-dir " + name + "/build";
  call.print(text, {{"files", std::move(files)}});
  return {};
}

}  // namespace kvhost::kvctl
