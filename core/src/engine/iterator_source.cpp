#include "engine/iterator_source.hpp"

#include "format/merging_iterator.hpp"
#include "format/space_key.hpp"
#include "version/run_iterator.hpp"

namespace kvhost::engine {

namespace {

IteratorBounds bounds_of(const Range& range) {
  IteratorBounds bounds;
  bounds.space = range.space;
  bounds.start = space_key(range.space, range.start);
  bounds.end = range.end ? space_key(range.space, *range.end) : space_end_key(range.space);
  // An empty range shows nothing, whatever the order of its ends.
  if (bounds.end < bounds.start) bounds.end = bounds.start;
  return bounds;
}

}  // namespace

Result<std::unique_ptr<Iterator>> make_db_iterator(SuperVersionPtr state, TableCache& tables,
                                                   const Range& range, SequenceNumber snapshot,
                                                   uint64_t now_ms, bool fill_cache) {
  IteratorBounds bounds = bounds_of(range);
  KVHOST_TRY_ASSIGN(CoveringTombstones tombstones,
                    CoveringTombstones::collect(state, tables, bounds.start, bounds.end));
  std::vector<std::unique_ptr<RecordIterator>> sources;
  sources.push_back(state->active->table.iterator());
  for (const auto& unit : state->immutables) sources.push_back(unit->table.iterator());
  TableReadOptions options;
  options.fill_cache = fill_cache;
  for (const SortedRunPtr& run : state->version->runs()) {
    if (run->overlapping(bounds.start, bounds.end).empty()) continue;
    sources.push_back(make_run_iterator(run, tables, options));
  }
  DbIterator::Source source{std::move(state), make_merging_iterator(std::move(sources)),
                            std::move(tombstones)};
  return std::unique_ptr<Iterator>(
      std::make_unique<DbIterator>(std::move(source), std::move(bounds), snapshot, now_ms));
}

}  // namespace kvhost::engine
