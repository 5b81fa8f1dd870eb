// The segments that make up the log, oldest first: found from the newest one backwards, each header
// naming the segment before it. Files that no header names (a life that was given up) do not count.
//
// Threads:   one.
// Errors:    CORRUPTION (a segment is missing, or is not the one that was followed),
//            FORMAT_UNSUPPORTED, IO_ERROR.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "log/log_position.hpp"
#include "log/segment_reader.hpp"

namespace kvhost::engine {

using SegmentChain = std::vector<std::unique_ptr<SegmentReader>>;

// Numbers of all segment files in a directory listing, ascending.
std::vector<uint64_t> segment_numbers(const std::vector<std::string>& names);

// The chain from the segment at `from` (or the first one after it) to the newest. Requires that
// every segment it needs is there.
Result<SegmentChain> open_segment_chain(FileSystem& files, const std::string& directory,
                                        const std::vector<uint64_t>& numbers, LogPosition from);

}  // namespace kvhost::engine
