// Reads a page in the exposition format, strictly, and says what is wrong with it.
//
// Threads:   one.
// Source:    prometheus.io, "Exposition formats", text version 0.0.4.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::conformance {

struct ExpositionPage {
  std::map<std::string, std::string> types;  // by family
  // By `name{label="raw value",…}`, labels in their order, values unescaped.
  std::map<std::string, double> samples;

  // Every mistake, at most 20, each with its line.
  static ExpositionPage parse(std::string_view text, std::vector<std::string>& mistakes);
};

}  // namespace kvhost::conformance
