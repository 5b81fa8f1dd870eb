// kvctl as a function: arguments in, exit code out.
//
// Threads:   one.
// Errors:    the exit codes of the status table; 64 for wrong usage.
#pragma once

#include <string>
#include <vector>

#include "streams.hpp"

namespace kvhost::kvctl {

// `arguments` without the program's name.
int run(const std::vector<std::string>& arguments, Streams& streams);

}  // namespace kvhost::kvctl
