// The order across runs: where several hold the same key, the run that stands first must hold the
// newer records, or readers would see old values.
//
// Threads:   any.
// Errors:    CORRUPTION (names both tables' runs and the sequence numbers); those of reading.
#pragma once

#include "version/table_cache.hpp"
#include "version/version.hpp"

namespace kvhost::engine {

// Reads every record of every run once.
Status check_run_order(const Version& version, TableCache& tables);

}  // namespace kvhost::engine
