// A consistent copy of the database that costs no copying: hard links to the tables and a MANIFEST
// of its own, in a new directory on the same file system.
//
// Threads:   any; writes and compactions go on meanwhile.
// Lifetime:  the copy is independent: it may be opened, moved or deleted.
// Errors:    CONFLICT (the directory exists), INVALID_ARGUMENT (no parent), those of the file
//            system. After an error nothing of that name exists; a partial copy under NAME.tmp is
//            removed now or by the next attempt.
#pragma once

#include <string>

#include "kvhost/engine/file_system.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

// The tables of the current Version; what is only in memtables and log is not in the copy: flush
// first. The name appears, complete and durable, as the last step.
Status write_checkpoint(FileSystem& files, const VersionSet& versions,
                        const std::string& directory);

}  // namespace kvhost::engine
