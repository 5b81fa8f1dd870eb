// What this process holds: threads and file descriptors, to see what a plugin leaves behind.
//
// Threads:   any.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace kvhost::conformance {

struct ProcessFacts {
  std::size_t threads = 0;
  std::map<int, std::string> files;  // number and target

  static ProcessFacts now();
};

// Empty when, within some seconds, nothing is there that was not there before; else what is.
std::string left_behind(const ProcessFacts& before);

// Lets `ms` milliseconds pass.
void pause_ms(int ms);

}  // namespace kvhost::conformance
