// The two hashes of the project, both XXH3 with 64 bits. They differ in their promise: checksum64
// is part of every file format and never changes; hash64 lives in memory and filters' own formats
// name the version they were made with.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvhost::engine {

uint64_t hash64(std::string_view bytes, uint64_t seed = 0);
uint64_t checksum64(std::string_view bytes, uint64_t seed = 0);

}  // namespace kvhost::engine
