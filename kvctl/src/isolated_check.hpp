// One conformance check in a process of its own, so that a plugin that crashes or hangs harms
// nothing else. This process loads no plugin.
//
// Threads:   one; this process must have no other.
#pragma once

#include <string>
#include <vector>

#include "checks.hpp"

namespace kvhost::kvctl {

struct CheckResult {
  std::string component;
  std::string check;
  std::string promise;
  std::vector<std::string> failures;
  std::string skipped;  // why, or empty
  std::string note;
  double seconds = 0;
};

// A crash, an exit and the end of the time limit are failures like others.
CheckResult run_isolated(const conformance::Check& check, const conformance::Subject& subject);

// The results as JUnit XML, a test case each.
std::string junit_text(const std::string& suite, const std::vector<CheckResult>& results);

}  // namespace kvhost::kvctl
