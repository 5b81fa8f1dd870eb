// Hashes of keys and of whole records.
//
// key_hash() feeds the filters and the tags of blocks: compute it once per lookup and hand it to
// every table. record_hash() is summed (modulo 2^64) over the records of a table, so that a
// compaction can show, in whatever order it met them: inputs = outputs + dropped.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/record.hpp"

namespace kvhost::engine {

// Of an engine key. Stored in tables: the function never changes.
uint64_t key_hash(std::string_view engine_key);

// Of every field of `record`; `hash` is key_hash(record.key).
uint64_t record_hash(const Record& record, uint64_t hash);
uint64_t record_hash(const Record& record);

}  // namespace kvhost::engine
