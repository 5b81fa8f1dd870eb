// config_reference_page and config_as_json of config_pages.hpp.
#include <boost/json.hpp>

#include "config/config_pages.hpp"
#include "config/node_schema.hpp"
#include "config/option_text.hpp"

namespace kvhost::host {
namespace {

namespace json = boost::json;

// A cell of a table: no pipes, no line breaks.
std::string cell(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string default_cell(const OptionSchema& option) {
  if (option.required) return "required";
  if (option.default_text.empty()) return "";
  const auto value = parse_option_text(option, option.default_text);
  if (value && option.type == OptionType::kStrings)
    return code(format_option_value(option, *value));
  return code(option.to_toml(option.default_text));
}

void append_rows(std::string& page, const Schema& schema, const std::string& above) {
  for (const auto& option : schema) {
    std::string notes = option.doc;
    if (option.reloadable) notes += (notes.empty() ? "" : " — ") + std::string("reloadable");
    if (option.secret) notes += (notes.empty() ? "" : " — ") + std::string("secret");
    page += "| " + code(above + option.path) + " | " + cell(option.expected()) + " | " +
            default_cell(option) + " | " + cell(notes) + " |\n";
    append_rows(page, option.nested, above + option.path + "[]" + ".");
  }
}

void append_table(std::string& page, const Schema& schema) {
  if (schema.empty()) {
    page += "No options.\n";
    return;
  }
  page += "| key | expected | default | meaning |\n|---|---|---|---|\n";
  append_rows(page, schema, "");
}

json::value to_json(const OptionSchema& option, const OptionValue& value);

json::object to_json(const Schema& schema, const OptionValues& values) {
  json::object object;
  for (const auto& option : schema) {
    const auto* value = values.find(option.path);
    if (value != nullptr && value->is_set) object[option.path] = to_json(option, *value);
  }
  return object;
}

json::value to_json(const OptionSchema& option, const OptionValue& value) {
  if (option.secret) return "***";
  switch (option.type) {
    case OptionType::kBoolean:
      return value.integer != 0;
    case OptionType::kInteger:
      return value.integer;
    case OptionType::kNumber:
      return value.number;
    case OptionType::kStrings:
      return json::value_from(value.strings);
    case OptionType::kTables: {
      json::array tables;
      for (const auto& table : value.tables) tables.push_back(to_json(option.nested, table));
      return tables;
    }
    case OptionType::kSize:
    case OptionType::kDuration: {
      // As the file writes it, without the quotes.
      const std::string quoted = format_option_value(option, value);
      return json::string(std::string_view(quoted).substr(1, quoted.size() - 2));
    }
    default:
      return json::string(value.string);
  }
}

}  // namespace

std::string config_reference_page(const std::vector<ComponentPage>& components) {
  std::string page =
      "# node.toml: every section and option\n\n"
      "Made from the schemas by `kvhost --print-config-reference`; do not edit.\n\n"
      "Sizes and durations are strings with units: `B KiB MiB GiB TiB`, decimal `KB MB GB TB`; "
      "`ns us ms s m h d`. Relative paths are relative to the file, on the command line to the "
      "working directory. An address is `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all interfaces); "
      "port 0 picks a free one. *Reloadable* options are taken over at SIGHUP, all or nothing; the "
      "others need a restart.\n\n"
      "Any key can be set on the command line: `--set engine.memory=512MiB`, "
      "`--set transport.http.options.listen=127.0.0.1:80` (or `transport.http.listen` for short), "
      "`--set metrics.listen=127.0.0.1:0`.\n";
  for (const auto& section : host_sections()) {
    page += "\n## [" + section.name + "]\n\n" + section.doc + "\n\n";
    append_table(page, section.options);
  }
  for (const auto& section : component_sections()) {
    const std::string header =
        section.repeated ? "[[" + section.name + "]]" : "[" + section.name + "]";
    page += "\n## " + header + "\n\n" + section.doc +
            "\n\n`plugin` names the component; its options stand in `[" + section.name +
            ".options]`.\n";
    if (!section.own_options.empty()) {
      page += "\n";
      append_table(page, section.own_options);
    }
    for (const auto& component : components) {
      if (component.section != section.name) continue;
      page += "\n### plugin = \"" + component.name + "\" (" + component.plugin_id + ")\n\n";
      if (!component.doc.empty()) page += component.doc + "\n\n";
      append_table(page, *component.options);
    }
  }
  return page;
}

std::string config_as_json(const NodeSettings& settings,
                           const std::vector<ComponentPage>& components) {
  json::object root;
  for (const auto& section : host_sections()) {
    const auto values = settings.sections.find(section.name);
    if (values != settings.sections.end()) {
      root[section.name] = to_json(section.options, values->second);
    }
  }
  // What has no page (no plugin, or not loaded) is shown by its name.
  root["compaction"] = json::object{{"plugin", settings.compaction.plugin}};
  root["replication"] = json::object{{"plugin", settings.replication.plugin}};
  root["metrics"] = json::object{{"plugin", settings.metrics.plugin}};
  json::array transports;
  for (const auto& component : components) {
    json::object object{{"plugin", component.name}};
    if (component.options != nullptr && component.values != nullptr) {
      object["options"] = to_json(*component.options, *component.values);
    }
    const auto& section = component_section(component.section);
    if (const auto own = settings.sections.find(section.name); own != settings.sections.end()) {
      for (auto& member : to_json(section.own_options, own->second)) {
        object[member.key()] = std::move(member.value());
      }
    }
    if (section.repeated) {
      transports.push_back(std::move(object));
    } else {
      root[component.section] = std::move(object);
    }
  }
  if (transports.empty()) {
    for (const auto& transport : settings.transports) {
      transports.push_back(json::object{{"plugin", transport.plugin}});
    }
  }
  root["transport"] = std::move(transports);
  return json::serialize(root);
}

}  // namespace kvhost::host
