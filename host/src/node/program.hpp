// What the program kvhost does, from its arguments to its exit code.
//
// Threads:   main.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace kvhost::host {

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace kvhost::host
