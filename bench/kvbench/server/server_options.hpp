// The command line of `kvbench server`.
//
// Threads:   any.
// Errors:    parse_server_options() throws std::invalid_argument; its words name the option and
// what
//            is expected.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "load.hpp"

namespace kvbench {

struct ServerOptions {
  std::vector<Endpoint> endpoints;
  LoadPlan plan;
  int rounds = 1;
  bool is_loaded = false;
  bool wants_help = false;
  std::string json_file;
};

// `arguments` without the program's name and "server".
ServerOptions parse_server_options(const std::vector<std::string>& arguments);
void print_server_help(std::ostream& out);

}  // namespace kvbench
