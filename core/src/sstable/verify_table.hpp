// Reads a whole table and checks all that can be checked: checksums, structure, order, tags,
// fences, filter, and every figure of the properties.
//
// Errors:    CORRUPTION (path, offset, expected, found), IO_ERROR. The first fault ends the check.
#pragma once

#include "kvhost/status.hpp"
#include "sstable/open_table.hpp"

namespace kvhost::engine {

Status verify_table(const OpenTable& table);

}  // namespace kvhost::engine
