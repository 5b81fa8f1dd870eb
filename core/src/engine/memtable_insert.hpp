// Puts the effects of a resolved batch into a memtable.
//
// Threads:   the writer of the memtable.
// Errors:    CORRUPTION of the payload; a payload that the resolver made has none.
#pragma once

#include <string_view>

#include "engine/memtable_unit.hpp"
#include "format/log_batch.hpp"

namespace kvhost::engine {

// Also notes the batch's last sequence number and time in the unit. Returns the batch's header.
Result<LogBatchHeader> insert_payload(std::string_view payload, MemtableUnit& unit);

}  // namespace kvhost::engine
