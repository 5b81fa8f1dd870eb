// The payloads of the blocks that are decoded once, when a table is opened: properties and range
// tombstones.
//
// Errors:    CORRUPTION; messages name path, offset and what is wrong.
// Format:    docs/formats/sstable.md, "Properties" and "Range tombstones"
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "format/range_tombstones.hpp"
#include "kvhost/result.hpp"
#include "sstable/table_properties.hpp"

namespace kvhost::engine {

// Each property has a number and a length, so that a reader passes over those it does not know.
// file_bytes is not among them: the footer states it.
std::string encode_properties(const TableProperties& properties);
Result<TableProperties> decode_properties(std::string_view payload, uint64_t offset,
                                          const std::string& path);

std::string encode_range_tombstones(std::span<const RangeTombstone> tombstones);
Result<std::shared_ptr<const FragmentedRangeTombstones>> decode_range_tombstones(
    std::string_view payload, uint64_t offset, const std::string& path);

}  // namespace kvhost::engine
