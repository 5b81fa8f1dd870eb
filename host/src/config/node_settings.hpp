// What a configuration comes to for the host itself: typed values of its own sections, and for each
// component the name and the options as they were written (their schema lies in the plugin).
//
// Threads:   a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config_value.hpp"
#include "config/option_values.hpp"
#include "config/set_argument.hpp"
#include "kvhost/engine/logger.hpp"
#include "kvhost/engine/options.hpp"

namespace kvhost::host {

// "No plugin": what [replication] and [metrics] say to go without.
inline constexpr std::string_view kNoPlugin = "none";

struct ComponentSettings {
  std::string section;  // "[compaction]", "[[transport]]"
  std::string plugin;   // the component's name, or id/name
  SourcePlace place;    // of the name
  std::optional<ConfigValue> options;
  SourcePlace options_place;

  bool is_none() const { return plugin == kNoPlugin; }
};

enum class LogFormat : uint8_t { kText, kJson };

struct NodeSettings {
  std::string id;
  std::string data_dir;    // absolute
  std::string backup_dir;  // absolute
  std::vector<std::string> plugin_path;
  std::chrono::nanoseconds request_timeout{};
  std::chrono::nanoseconds drain_timeout{};
  uint32_t io_threads = 1;
  engine::LogLevel log_level = engine::LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  bool allow_insecure = false;

  engine::Options engine;

  ComponentSettings compaction;
  ComponentSettings replication;
  ComponentSettings metrics;
  std::vector<ComponentSettings> transports;

  // The host's own sections by name ("node", "engine", "security"), for reload and `info config`.
  std::map<std::string, OptionValues, std::less<>> sections;
  std::string base_directory;
  std::string command_line_directory;

  // What the options of `component` are validated with.
  ValueContext context_of(const ComponentSettings& component) const;
};

// Where a configuration comes from; kept, so that SIGHUP can read it again.
struct ConfigRequest {
  std::optional<std::string> file;  // none: the embedded default
  std::vector<SetArgument> arguments;
};

// Reads everything and reports every mistake that can be seen without the plugins. None when the
// text is no TOML at all; where a value is wrong, its default stands in.
std::optional<NodeSettings> read_node_settings(const ConfigRequest& request,
                                               Diagnostics& diagnostics);

}  // namespace kvhost::host
