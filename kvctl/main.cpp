// The program kvctl.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "run.hpp"

extern char** environ;

int main(int count, char** arguments) {
  std::ios::sync_with_stdio(false);
  kvhost::kvctl::Streams streams{std::cin, std::cout, std::cerr, {}};
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string entry(*at);
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) {
      streams.environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
  }
  streams.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  streams.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  return kvhost::kvctl::run(std::vector<std::string>(arguments + 1, arguments + count), streams);
}
