// Texts that the program carries, embedded from the files beside this one at build time.
#pragma once

#include <string_view>

namespace kvhost::host {

// default_config.toml: what a node runs on when no --config is given.
extern const std::string_view kDefaultConfigText;
// How places in it are named.
inline constexpr std::string_view kDefaultConfigName = "the embedded default";
// command_aliases.toml: short flags for --set.
extern const std::string_view kCommandAliasesText;

}  // namespace kvhost::host
