// `kvbench server`: loads, runs the rounds, prints, writes.
#pragma once

#include <string>
#include <vector>

namespace kvbench {

// The exit code: 0; 1 when a server failed, refused or gave a wrong answer; 64 for usage.
int main_of_server(const std::vector<std::string>& arguments);

}  // namespace kvbench
