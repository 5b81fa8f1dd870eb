// Reads a whole table and checks all that can be checked: checksums, structure, order, tags,
// fences, filter, and every figure of the properties.
//
// Errors:    CORRUPTION (path, offset, expected, found), IO_ERROR. The first fault ends the check.
#pragma once

#include "kvhost/status.hpp"
#include "sstable/table_file.hpp"

namespace kvhost::engine {

Status verify_table(const TableFile& table);

}  // namespace kvhost::engine
