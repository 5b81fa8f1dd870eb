// Builds the engine's iterators: one merged walk over the sources of a state that overlap a range.
//
// Threads:   any.
// Errors:    those of opening tables that hold range tombstones.
#pragma once

#include <memory>

#include "engine/db_iterator.hpp"
#include "engine/super_version.hpp"
#include "kvhost/engine/engine.hpp"
#include "version/table_cache.hpp"

namespace kvhost::engine {

Result<std::unique_ptr<Iterator>> make_db_iterator(SuperVersionPtr state, TableCache& tables,
                                                   const Range& range, SequenceNumber snapshot,
                                                   uint64_t now_ms, bool fill_cache);

}  // namespace kvhost::engine
