#include "config/command_aliases.hpp"

#include <cstdio>
#include <cstdlib>

#include "config/config_file.hpp"
#include "config/embedded_texts.hpp"
#include "config/option_schema.hpp"

namespace kvhost::host {
namespace {

std::string text_of(const ConfigValue& table, std::string_view key) {
  const auto* value = table.find(key);
  return value == nullptr ? "" : value->text;
}

std::vector<CommandAlias> read_aliases() {
  const auto root = parse_config_text(kCommandAliasesText, "command_aliases.toml");
  if (!root) {
    std::fprintf(stderr, "kvhost: %s\n", root.error().message().c_str());
    std::abort();
  }
  std::vector<CommandAlias> aliases;
  const auto* list = root->find("alias");
  if (list == nullptr) return aliases;
  for (const auto& item : list->items) {
    CommandAlias alias{text_of(item, "flag"),
                       text_of(item, "sets"),
                       text_of(item, "value"),
                       text_of(item, "item"),
                       "",
                       ""};
    if (const auto* implied = item.find("implies")) {
      alias.implied_key = text_of(*implied, "key");
      alias.implied_value = text_of(*implied, "value");
    }
    aliases.push_back(std::move(alias));
  }
  return aliases;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// The word as it may stand inside a TOML string.
std::string escaped(std::string_view word) {
  const std::string quoted = toml_string(word);
  return quoted.substr(1, quoted.size() - 2);
}

std::string expand_items(const CommandAlias& alias, std::string_view text) {
  std::string list;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (word.empty()) continue;
    std::string item = alias.item;
    replace_all(item, "{host}", escaped(word.substr(0, word.rfind(':'))));
    replace_all(item, "{word}", escaped(word));
    list += (list.empty() ? "" : ", ") + item;
  }
  return "[" + list + "]";
}

}  // namespace

const std::vector<CommandAlias>& command_aliases() {
  static const auto* const kAliases = new std::vector<CommandAlias>(read_aliases());
  return *kAliases;
}

std::vector<SetArgument> expand_alias(const CommandAlias& alias, std::string_view text) {
  const std::string origin = "--" + alias.flag;
  std::vector<SetArgument> arguments;
  if (!alias.implied_key.empty()) {
    arguments.push_back({alias.implied_key, alias.implied_value, origin, true});
  }
  const std::string value = alias.item.empty() ? std::string(text) : expand_items(alias, text);
  arguments.push_back({alias.sets, value, origin, false});
  return arguments;
}

}  // namespace kvhost::host
