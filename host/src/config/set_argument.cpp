#include "config/set_argument.hpp"

#include <algorithm>
#include <memory>

#include "config/config_file.hpp"
#include "config/embedded_texts.hpp"
#include "config/node_schema.hpp"

namespace kvhost::host {
namespace {

std::vector<std::string> split_at_dots(std::string_view key) {
  std::vector<std::string> parts;
  while (true) {
    const auto dot = key.find('.');
    parts.emplace_back(key.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    key.remove_prefix(dot + 1);
  }
}

bool is_component_section(std::string_view section) {
  return section == "compaction" || section == "replication" || section == "metrics";
}

// A component's keys are `plugin`, `options` and a few of the host's; any other is short for one of
// its options.
void insert_options(std::vector<std::string>& parts, std::size_t at) {
  const auto& own = component_section(parts.front()).own_options;
  if (parts.size() > at && find_option(own, parts[at]) != nullptr) return;
  if (parts.size() > at && parts[at] != "plugin" && parts[at] != "options") {
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), "options");
  }
}

ConfigValue make_table(const SourcePlace& place) {
  ConfigValue table;
  table.place = place;
  return table;
}

// The name without the plugin's id: "org.example.tiered/tiered" → "tiered".
std::string_view short_name(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

class Setter {
 public:
  Setter(const SetArgument& argument, ConfigValue& root, Diagnostics& diagnostics)
      : argument_(argument), root_(root), diagnostics_(diagnostics) {
    place_.source = std::make_shared<const std::string>(argument.origin);
    place_.command_line = true;
  }

  void apply() {
    auto parts = split_at_dots(argument_.key);
    ConfigValue* table = &root_;
    std::size_t first = 0;
    if (parts.front() == "transport") {
      if (parts.size() < 3) {
        complain("name the transport: transport.NAME.options.KEY=VALUE");
        return;
      }
      table = transport(parts[1]);
      first = 2;
    } else if (is_component_section(parts.front())) {
      insert_options(parts, 1);
    }
    if (first == 2) insert_options(parts, 2);
    if (table != nullptr) set_in(*table, parts, first);
  }

 private:
  void complain(std::string text) { diagnostics_.add(place_, std::move(text)); }

  ConfigValue* transport(const std::string& name) {
    auto* list = root_.find("transport");
    if (list == nullptr) {
      ConfigValue empty = make_table(place_);
      empty.type = ConfigType::kArray;
      list = &root_.set("transport", place_, std::move(empty));
    }
    if (list->type != ConfigType::kArray) return nullptr;  // reported where sections are read
    ConfigValue* found = nullptr;
    for (auto& item : list->items) {
      const auto* plugin = item.find("plugin");
      if (plugin == nullptr || plugin->type != ConfigType::kString) continue;
      if (plugin->text != name && short_name(plugin->text) != name) continue;
      if (found != nullptr) {
        complain("the configuration has more than one [[transport]] named \"" + name +
                 "\"; set their options in the file");
        return nullptr;
      }
      found = &item;
    }
    if (found != nullptr) return found;
    ConfigValue added = make_table(place_);
    ConfigValue plugin = make_table(place_);
    plugin.type = ConfigType::kString;
    plugin.text = name;
    added.set("plugin", place_, std::move(plugin));
    list->items.push_back(std::move(added));
    return &list->items.back();
  }

  void set_in(ConfigValue& start, const std::vector<std::string>& parts, std::size_t first) {
    ConfigValue* table = &start;
    for (std::size_t i = first; i + 1 < parts.size(); ++i) {
      auto* next = table->find(parts[i]);
      if (next == nullptr) next = &table->set(parts[i], place_, make_table(place_));
      if (next->type != ConfigType::kTable) {
        complain("\"" + parts[i] + "\" is no section, but " + next->describe());
        return;
      }
      table = next;
    }
    const auto* present = table->find(parts.back());
    const bool chosen = present != nullptr && present->text != "none";
    if (argument_.unless_chosen && chosen) return;
    auto value = parse_argument_value(argument_.value, place_);
    if (parts.back() == "plugin" && present != nullptr && present->text != value.text) {
      forget_default_options(*table);
    }
    table->set(parts.back(), place_, std::move(value));
  }

  // Another component is named: the options of the one in the embedded default are not meant for
  // it.
  static void forget_default_options(ConfigValue& component) {
    auto* options = component.find("options");
    if (options == nullptr) return;
    std::erase_if(options->members, [](const ConfigMember& member) {
      return member.place.source && *member.place.source == kDefaultConfigName;
    });
  }

  const SetArgument& argument_;
  ConfigValue& root_;
  Diagnostics& diagnostics_;
  SourcePlace place_;
};

}  // namespace

Result<SetArgument> parse_set_argument(std::string_view text) {
  const auto equals = text.find('=');
  const auto key = text.substr(0, equals);
  const bool has_section = key.find('.') != std::string_view::npos && !key.starts_with('.') &&
                           !key.ends_with('.') && key.find("..") == std::string_view::npos;
  constexpr auto kMostDots = 16;
  const bool is_deep = std::count(key.begin(), key.end(), '.') > kMostDots;
  if (equals == std::string_view::npos || !has_section || is_deep) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "--set " + std::string(text) +
                      ": expected section.key=value, such as engine.memory=512MiB");
  }
  return SetArgument{std::string(key), std::string(text.substr(equals + 1)),
                     "--set " + std::string(key), false};
}

void apply_argument(const SetArgument& argument, ConfigValue& root, Diagnostics& diagnostics) {
  Setter(argument, root, diagnostics).apply();
}

}  // namespace kvhost::host
