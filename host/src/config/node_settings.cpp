#include "config/node_settings.hpp"

#include <algorithm>
#include <filesystem>

#include "config/config_file.hpp"
#include "config/did_you_mean.hpp"
#include "config/embedded_texts.hpp"
#include "config/node_schema.hpp"

namespace kvhost::host {
namespace {

class SettingsReader {
 public:
  SettingsReader(const ConfigRequest& request, Diagnostics& diagnostics)
      : request_(request), diagnostics_(diagnostics) {}

  std::optional<NodeSettings> read() {
    auto root = read_root();
    if (!root) return std::nullopt;
    for (const auto& argument : request_.arguments) apply_argument(argument, *root, diagnostics_);
    check_sections(*root);
    set_directories();
    refuse_reserved(*root);
    for (const auto& section : host_sections()) read_section(section, *root);
    fill_node();
    fill_engine();
    for (const auto& section : component_sections()) read_components(section, *root);
    return std::move(settings_);
  }

 private:
  void complain(const SourcePlace& place, std::string text) {
    diagnostics_.add(place, std::move(text));
  }

  // The file, with sections that it leaves out taken from the embedded default.
  std::optional<ConfigValue> read_root() {
    auto defaults = parse_config_text(kDefaultConfigText, kDefaultConfigName);
    if (!defaults) {
      complain({}, defaults.error().message());
      return std::nullopt;
    }
    if (!request_.file) return std::move(*defaults);
    auto root = read_config_file(*request_.file);
    if (!root) {
      // The parser's message begins with its own place.
      Diagnostic wrong;
      const auto& message = root.error().message();
      const auto colon = message.find(": ");
      wrong.place.source = std::make_shared<const std::string>(message.substr(0, colon));
      wrong.text = message.substr(colon + 2);
      diagnostics_.add(wrong.place, wrong.text);
      return std::nullopt;
    }
    for (const auto& section : component_sections()) {
      auto* given = root->find(section.name);
      const auto* standard = defaults->find(section.name);
      if (standard == nullptr) continue;
      if (given == nullptr) {
        root->set(section.name, standard->place, *standard);
      } else if (!section.repeated && given->type == ConfigType::kTable &&
                 given->find("plugin") == nullptr) {
        given->set("plugin", standard->place, *standard->find("plugin"));
      }
    }
    return std::move(*root);
  }

  void check_sections(const ConfigValue& root) {
    std::vector<std::string> known;
    for (const auto& section : host_sections()) known.push_back(section.name);
    for (const auto& section : component_sections()) known.push_back(section.name);
    for (const auto& member : root.members) {
      if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
      const auto meant = nearest_name(member.key, known);
      complain(member.place, "[" + member.key + "]: unknown section." +
                                 (meant.empty() ? " Known sections are " + quoted_list(known) + "."
                                                : " Did you mean [" + meant + "]?"));
    }
  }

  void set_directories() {
    std::error_code ignored;
    const auto working = std::filesystem::current_path(ignored);
    settings_.command_line_directory = working.string();
    settings_.base_directory = working.string();
    if (request_.file) {
      settings_.base_directory =
          (working / *request_.file).lexically_normal().parent_path().string();
    }
  }

  void refuse_reserved(ConfigValue& root) {
    auto* security = root.find("security");
    if (security == nullptr || security->type != ConfigType::kTable) return;
    const auto& reserved = reserved_security_keys();
    std::erase_if(security->members, [&](const ConfigMember& member) {
      if (std::find(reserved.begin(), reserved.end(), member.key) == reserved.end()) return false;
      complain(member.place,
               "[security] " + member.key +
                   ": not supported yet. Leave it out, and let only machines that you "
                   "trust reach this node.");
      return true;
    });
  }

  void read_section(const SectionSchema& section, const ConfigValue& root) {
    const auto* table = root.find(section.name);
    if (table != nullptr && table->type != ConfigType::kTable) {
      complain(table->place,
               "[" + section.name + "]: expected a table, found " + table->describe() + ".");
      table = nullptr;
    }
    const ValueContext context{"[" + section.name + "]", settings_.base_directory,
                               settings_.command_line_directory};
    settings_.sections.insert_or_assign(
        section.name,
        validate_options(section.options, table, context,
                         table == nullptr ? SourcePlace() : table->place, diagnostics_));
  }

  void fill_node() {
    auto& node = settings_.sections.find("node")->second;
    settings_.id = node.string("id");
    if (settings_.id.empty()) {
      complain(node.at("id").place, "[node] id: expected a name, found an empty string.");
    }
    settings_.data_dir = node.string("data_dir");
    settings_.backup_dir = node.string("backup_dir");
    OptionValue path = node.at("plugin_path");
    const auto& base =
        path.place.command_line ? settings_.command_line_directory : settings_.base_directory;
    for (auto& directory : path.strings) {
      directory = (std::filesystem::path(base) / directory).lexically_normal().string();
    }
    settings_.plugin_path = path.strings;
    node.put("plugin_path", std::move(path));
    settings_.request_timeout = node.duration("request_timeout");
    settings_.drain_timeout = node.duration("drain_timeout");
    settings_.io_threads = static_cast<uint32_t>(node.integer("io_threads"));
    settings_.log_level = log_level_of(node.string("log_level"));
    settings_.log_format =
        node.string("log_format") == "json" ? LogFormat::kJson : LogFormat::kText;
    settings_.allow_insecure =
        settings_.sections.find("security")->second.boolean("allow_insecure");
  }

  void fill_engine() {
    auto& given = settings_.sections.find("engine")->second;
    auto& engine = settings_.engine;
    engine.memory = given.bytes("memory");
    engine.memtable_size = given.bytes("memtable_size");
    OptionValue memtable = given.at("memtable_size");
    if (!memtable.given) {
      engine.memtable_size = std::min(engine.memtable_size, engine.memory / 4);
      memtable.integer = static_cast<int64_t>(engine.memtable_size);
      given.put("memtable_size", memtable);
    } else if (engine.memtable_size > engine.memory / 2) {
      complain(memtable.place,
               "[engine] memtable_size: must be at most half of memory, which is " +
                   std::to_string(engine.memory >> 20) +
                   "MiB, so that a full memtable can be "
                   "written out while the next one fills. Raise memory or lower memtable_size.");
    }
    const auto& sync = given.string("wal_sync");
    engine.wal_sync = sync == "always"     ? engine::WalSync::kAlways
                      : sync == "interval" ? engine::WalSync::kInterval
                                           : engine::WalSync::kNever;
    engine.wal_sync_interval =
        std::chrono::duration_cast<std::chrono::milliseconds>(given.duration("wal_sync_interval"));
    engine.wal_segment_size = given.bytes("wal_segment_size");
    const auto& codec = given.string("compression");
    engine.compression = codec == "lz4"    ? Codec::kLz4
                         : codec == "zstd" ? Codec::kZstd
                                           : Codec::kNone;
    engine.compaction_workers = static_cast<uint32_t>(given.integer("compaction_workers"));
    engine.max_key_size = given.bytes("max_key_size");
    engine.max_value_size = given.bytes("max_value_size");
    // A batch can always hold at least one largest pair.
    engine.max_batch_size =
        std::max(engine.max_batch_size, 2 * (engine.max_key_size + engine.max_value_size));
  }

  void read_components(const ComponentSection& section, const ConfigValue& root) {
    const auto* found = root.find(section.name);
    if (found == nullptr) return;
    if (section.repeated) {
      if (found->type != ConfigType::kArray) {
        complain(found->place, "[" + section.name + "]: write [[" + section.name +
                                   "]], in double brackets, once for each " + section.name + ".");
        return;
      }
      for (const auto& item : found->items) {
        if (auto component = read_component(section, item)) {
          settings_.transports.push_back(std::move(*component));
        }
      }
      return;
    }
    ConfigValue table = *found;
    read_own_options(section, table);
    auto component = read_component(section, table);
    if (!component) return;
    if (section.name == "compaction") settings_.compaction = std::move(*component);
    if (section.name == "replication") settings_.replication = std::move(*component);
    if (section.name == "metrics") settings_.metrics = std::move(*component);
  }

  // Takes the host's own keys out of a component's section.
  void read_own_options(const ComponentSection& section, ConfigValue& table) {
    if (section.own_options.empty()) return;
    ConfigValue own = table;
    const auto is_own = [&section](const ConfigMember& member) {
      return find_option(section.own_options, member.key) != nullptr;
    };
    std::erase_if(own.members, [&](const ConfigMember& member) { return !is_own(member); });
    std::erase_if(table.members, is_own);
    const ValueContext context{"[" + section.name + "]", settings_.base_directory,
                               settings_.command_line_directory};
    OptionValues values =
        validate_options(section.own_options, &own, context, table.place, diagnostics_);
    if (section.name == "compaction") {
      settings_.engine.allow_lossy_drop = values.boolean("allow_lossy_drop");
    }
    settings_.sections.insert_or_assign(section.name, std::move(values));
  }

  std::optional<ComponentSettings> read_component(const ComponentSection& section,
                                                  const ConfigValue& table) {
    ComponentSettings component;
    component.section = section.repeated ? "[[" + section.name + "]]" : "[" + section.name + "]";
    if (table.type != ConfigType::kTable) {
      complain(table.place,
               component.section + ": expected a table, found " + table.describe() + ".");
      return std::nullopt;
    }
    for (const auto& member : table.members) {
      if (member.key == "plugin") {
        component.plugin = member.value.text;
        component.place = member.value.place;
        if (member.value.type != ConfigType::kString || component.plugin.empty()) {
          complain(member.value.place, component.section +
                                           " plugin: expected the name of a component, found " +
                                           member.value.describe() + ".");
          return std::nullopt;
        }
      } else if (member.key == "options") {
        component.options = member.value;
        component.options_place = member.place;
        if (member.value.type != ConfigType::kTable) {
          complain(member.value.place, component.section + " options: expected a table, found " +
                                           member.value.describe() + ".");
          component.options.reset();
        }
      } else {
        complain(member.place, component.section + " " + member.key +
                                   ": unknown key. Known keys are plugin and options; options of "
                                   "the plugin stand in [" +
                                   section.name + ".options].");
      }
    }
    if (component.plugin.empty()) {
      complain(table.place,
               component.section + " plugin: missing; expected the name of a component.");
      return std::nullopt;
    }
    check_none(section, component);
    return component;
  }

  void check_none(const ComponentSection& section, const ComponentSettings& component) {
    if (!component.is_none()) return;
    if (!section.may_be_none) {
      complain(component.place,
               component.section +
                   " plugin: \"none\" is not possible here; expected the name of a "
                   "component.");
    } else if (component.options && !component.options->members.empty()) {
      complain(component.options_place, "[" + section.name +
                                            ".options]: plugin = \"none\" takes no options. Name a "
                                            "plugin, or leave the options out.");
    }
  }

  static engine::LogLevel log_level_of(const std::string& name) {
    if (name == "debug") return engine::LogLevel::kDebug;
    if (name == "warning") return engine::LogLevel::kWarning;
    if (name == "error") return engine::LogLevel::kError;
    return engine::LogLevel::kInfo;
  }

  const ConfigRequest& request_;
  Diagnostics& diagnostics_;
  NodeSettings settings_;
};

}  // namespace

ValueContext NodeSettings::context_of(const ComponentSettings& component) const {
  std::string name = component.section;
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return {"[" + name + ".options] (\"" + component.plugin + "\")", base_directory,
          command_line_directory};
}

std::optional<NodeSettings> read_node_settings(const ConfigRequest& request,
                                               Diagnostics& diagnostics) {
  return SettingsReader(request, diagnostics).read();
}

}  // namespace kvhost::host
