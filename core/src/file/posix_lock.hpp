// One holder per path: among processes by an open-file-description lock, inside this process by a
// table, since the kernel's lock would not keep a second engine of the same process out.
//
// Threads:   any.
// Errors:    LOCKED, IO_ERROR.
#pragma once

#include <memory>
#include <string>

#include "kvhost/engine/file_system.hpp"

namespace kvhost::engine {

// Makes the file when it is missing; it stays after the lock is let go.
Result<std::unique_ptr<FileLock>> posix_lock(const std::string& path);

}  // namespace kvhost::engine
