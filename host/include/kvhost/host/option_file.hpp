// A TOML file of a component's options alone, read without a schema:
//
//   listen = "127.0.0.1:0"                 becomes   listen        127.0.0.1:0
//   peers = [ { id = "node2" } ]                     peers[0].id   node2
//
// Threads:   any one.
// Errors:    CONFIG_ERROR with file, line and column.
#pragma once

#include <map>
#include <string>

#include "kvhost/result.hpp"

namespace kvhost::host {

using OptionTexts = std::map<std::string, std::string>;

Result<OptionTexts> read_option_file(const std::string& path);

}  // namespace kvhost::host
