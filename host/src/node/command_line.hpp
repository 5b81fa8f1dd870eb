// The command line of kvhost. The only user of Boost.Program_options here.
//
// Threads:   main.
// Errors:    INVALID_ARGUMENT (exit 64), with what was expected.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/node_settings.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

enum class CommandMode : uint8_t {
  kRun,
  kCheckConfig,
  kPrintDefaultConfig,
  kPrintConfigReference,
  kListPlugins,
  kVersion,
  kHelp,
};

struct CommandLine {
  CommandMode mode = CommandMode::kRun;
  bool json = false;
  ConfigRequest request;
};

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);
std::string help_text();

}  // namespace kvhost::host
