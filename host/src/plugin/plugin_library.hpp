// A plugin's shared library, mapped. The only user of Boost.DLL.
//
// Threads:   the control thread.
// Lifetime:  a library that was loaded is never unmapped: its code may still be on some stack.
// Errors:    PLUGIN_INCOMPATIBLE, with the loader's own words.
#pragma once

#include <string>

#include "kvhost/abi/plugin.h"
#include "kvhost/result.hpp"

namespace kvhost::host {

// What a careful administrator would mend about a file that may be loaded, for the log; empty when
// there is nothing. A group that may write a plugin has the rights of this process.
std::string plugin_file_doubt(const std::string& path);

// Maps `path` (absolute) and calls its entry function. The same path is mapped once.
Result<const kvh_plugin*> load_plugin_library(const std::string& path);

}  // namespace kvhost::host
