// Short flags for --set, as command_aliases.toml lists them.
//
// Threads:   any; pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/set_argument.hpp"

namespace kvhost::host {

struct CommandAlias {
  std::string flag;   // "http-addr"
  std::string sets;   // "transport.http.options.listen"
  std::string value;  // "HOST:PORT", for --help
  std::string item;   // a template for each comma-separated word; empty = the text as it is
  std::string implied_key;
  std::string implied_value;
};

const std::vector<CommandAlias>& command_aliases();
// What `--flag text` comes to.
std::vector<SetArgument> expand_alias(const CommandAlias& alias, std::string_view text);

}  // namespace kvhost::host
