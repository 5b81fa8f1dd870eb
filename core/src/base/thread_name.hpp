// Names the calling thread for debuggers and top(1).
#pragma once

#include <string_view>

namespace kvhost::engine {

// The kernel keeps the first 15 bytes; longer names are cut there.
void set_thread_name(std::string_view name);

}  // namespace kvhost::engine
