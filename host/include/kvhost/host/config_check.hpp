// Checks a node's configuration without starting anything, as `kvhost --check-config` does.
//
// Threads:   any one; maps the libraries of the plugins that the file names.
#pragma once

#include <string>
#include <vector>

namespace kvhost::host {

// Every mistake of the file, "node.toml:12:5: [engine] memory: …" each; none when it is sound.
std::vector<std::string> check_config_file(const std::string& path);

}  // namespace kvhost::host
