#include "engine/covering_tombstones.hpp"

#include <algorithm>

namespace kvhost::engine {

Result<CoveringTombstones> CoveringTombstones::collect(SuperVersionPtr state, TableCache& tables,
                                                       std::string_view start,
                                                       std::string_view end) {
  CoveringTombstones result;
  std::vector<RangeTombstone> in_memory;
  const auto add_memtable = [&](const MemtableUnit& unit) {
    if (unit.table.range_tombstone_count() == 0) return;
    for (const RangeTombstone& one : unit.table.range_tombstones()) {
      if (one.start < end && start < one.end) in_memory.push_back(one);
    }
  };
  add_memtable(*state->active);
  for (const auto& unit : state->immutables) add_memtable(*unit);
  if (!in_memory.empty()) {
    result.sources_.push_back(std::make_shared<FragmentedRangeTombstones>(in_memory));
  }
  for (const SortedRunPtr& run : state->version->runs()) {
    for (const TableFilePtr& file : run->overlapping(start, end)) {
      if (file->metadata().range_deletes == 0) continue;
      KVHOST_TRY_ASSIGN(const TableReader* const table, tables.reader(*file));
      const auto& ranges = table->range_tombstones();
      if (ranges && !ranges->empty()) result.sources_.push_back(ranges);
    }
  }
  result.state_ = std::move(state);
  return result;
}

SequenceNumber CoveringTombstones::covering_sequence(std::string_view key,
                                                     SequenceNumber snapshot) const {
  SequenceNumber newest = 0;
  for (const auto& source : sources_) {
    newest = std::max(newest, source->covering_sequence(key, snapshot));
  }
  return newest;
}

}  // namespace kvhost::engine
