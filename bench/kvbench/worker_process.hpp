// Runs a worker program and takes the JSON object that it prints.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace kvbench {

// The program's standard output; nothing when it failed (its words went to stderr).
bool run_process(const std::vector<std::string>& words, std::string& output);

}  // namespace kvbench
