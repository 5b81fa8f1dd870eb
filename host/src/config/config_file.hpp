// TOML text → ConfigValue. The only user of TOML++.
//
// Threads:   any; pure functions but for read_config_file.
// Errors:    CONFIG_ERROR with file:line:column and what the parser expected.
#pragma once

#include <string>
#include <string_view>

#include "config/config_value.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

// `source` names the text in messages.
Result<ConfigValue> parse_config_text(std::string_view text, std::string_view source);
// The file's text parsed; messages name it as `path` is written. At most 4 MiB.
Result<ConfigValue> read_config_file(const std::string& path);
// One value as a --set argument writes it: TOML, or bare words for a string.
ConfigValue parse_argument_value(std::string_view text, const SourcePlace& place);

}  // namespace kvhost::host
