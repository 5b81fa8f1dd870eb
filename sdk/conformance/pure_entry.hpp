// Calls a plugin's entry function where it can do nothing but compute: in a child process whose
// system calls, other than for memory, are caught by the kernel's filter (seccomp).
//
// Threads:   one.
#pragma once

#include <string>

#include "kvhost/abi/plugin.h"

namespace kvhost::conformance {

struct EntryTrial {
  bool is_possible = true;  // false where the kernel offers no filter
  std::string fault;        // empty, or what the function did
};
EntryTrial try_entry(const kvh_plugin* (*entry)());

}  // namespace kvhost::conformance
