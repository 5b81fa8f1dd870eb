// The plugins that a host finds, and what one of them declares, without a running node.
//
// Threads:   any one.
// Errors:    CONFIG_ERROR (the file is no TOML), and those of plugin_manifest.hpp.
#pragma once

#include <optional>
#include <string>

#include "kvhost/result.hpp"

namespace kvhost::host {

enum class PluginListFormat { kText, kJson };

// As `kvhost --list-plugins`: the directories are those of `config_file`'s [node] plugin_path, or
// of the embedded default. Runs no code of any plugin.
Result<std::string> list_plugins(const std::optional<std::string>& config_file,
                                 PluginListFormat format);

// The options of every component of the file, as commented TOML. Maps the library and calls its
// entry function, if the host would trust the file.
Result<std::string> plugin_options_page(const std::string& file);

// A node.toml that --check-config accepts: the file's directory, and its first component of each
// kind with every option, commented. What has no default and must be given has an example.
Result<std::string> plugin_sample_config(const std::string& file);

}  // namespace kvhost::host
