// Turns errno into a Status that names the path and the call.
//
// Threads:   any.
#pragma once

#include <string>
#include <string_view>

#include "kvhost/status.hpp"

namespace kvhost::engine {

// NO_SPACE for ENOSPC and EDQUOT, IO_ERROR for everything else: `path: call: text (errno N)`.
Status posix_error(std::string_view path, std::string_view call, int error);

}  // namespace kvhost::engine
