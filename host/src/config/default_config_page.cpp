// default_config_page of config_pages.hpp.
#include "config/config_pages.hpp"
#include "config/node_schema.hpp"
#include "config/option_text.hpp"

namespace kvhost::host {
namespace {

// Comments wrapped to the width of the code.
void append_comment(std::string& page, std::string_view text) {
  constexpr std::size_t kWidth = 96;
  std::string line = "#";
  while (!text.empty()) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (line.size() + 1 + word.size() > kWidth && line.size() > 1) {
      page += line + "\n";
      line = "#";
    }
    line += " " + std::string(word);
  }
  if (line.size() > 1) page += line + "\n";
}

std::string default_value_text(const OptionSchema& option) {
  if (option.default_text.empty()) return {};
  const auto value = parse_option_text(option, option.default_text);
  // Sizes and paths stay as their author wrote them.
  if (value && option.type == OptionType::kStrings) return format_option_value(option, *value);
  return option.to_toml(option.default_text);
}

void append_option(std::string& page, const OptionSchema& option, const OptionValues* values) {
  std::string comment = option.doc;
  if (option.has_bounds() || option.type == OptionType::kChoice) {
    comment += (comment.empty() ? "" : "; ") + option.expected();
  }
  append_comment(page, comment);
  const auto* value = values == nullptr ? nullptr : values->find(option.path);
  const bool given = value != nullptr && value->given;
  const std::string text = given ? format_option_value(option, *value) : default_value_text(option);
  if (text.empty()) {
    page += "# " + option.path + " = " + option.to_toml("") + "\n";
  } else {
    page += option.path + " = " + text + "\n";
  }
}

void append_component(std::string& page, const ComponentSection& section,
                      const ComponentPage& component) {
  const std::string header =
      section.repeated ? "[[" + section.name + "]]" : "[" + section.name + "]";
  append_comment(page, component.doc);
  page += header + "\nplugin = " + toml_string(component.name) + "\n";
  // The page of one plugin (without values) tells of nothing but its own options.
  if (component.values != nullptr) {
    for (const auto& option : section.own_options) append_option(page, option, nullptr);
  }
  if (component.options->empty()) return;
  page += "[" + section.name + ".options]\n";
  for (const auto& option : *component.options) append_option(page, option, component.values);
}

}  // namespace

std::string component_options_page(std::string_view name, std::string_view kind,
                                   std::string_view doc, const Schema& options) {
  std::string page;
  for (const auto& section : component_sections()) {
    if (section.kind != kind) continue;
    append_component(page, section,
                     {section.name, std::string(name), "", std::string(doc), &options, nullptr});
  }
  return page;
}

std::string default_config_page(const NodeSettings& settings,
                                const std::vector<ComponentPage>& components) {
  std::string page = "# A configuration of kvhost: every option with its default.\n";
  for (const auto& section : host_sections()) {
    page += "\n";
    append_comment(page, section.doc);
    page += "[" + section.name + "]\n";
    const auto values = settings.sections.find(section.name);
    for (const auto& option : section.options) {
      append_option(page, option, values == settings.sections.end() ? nullptr : &values->second);
    }
  }
  for (const auto& section : component_sections()) {
    page += "\n";
    append_comment(page, section.doc);
    bool any = false;
    for (const auto& component : components) {
      if (component.section != section.name) continue;
      if (any) page += "\n";
      append_component(page, section, component);
      any = true;
    }
    if (!any && section.may_be_none) page += "[" + section.name + "]\nplugin = \"none\"\n";
  }
  return page;
}

}  // namespace kvhost::host
