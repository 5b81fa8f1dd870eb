#include "engine/key_lookup.hpp"

namespace kvhost::engine {

void KeyLookup::decide(const FoundRecord& found, SequenceNumber covered_by) {
  is_decided_ = true;
  if (found.sequence > covered_by) record_ = found;
}

void KeyLookup::look_into(const std::shared_ptr<MemtableUnit>& unit) {
  const SequenceNumber covered_by = unit->table.max_covering_tombstone(key_, snapshot_);
  if (const auto found = unit->table.get(key_, snapshot_)) {
    memtable_ = &unit;
    decide(*found, covered_by);
  } else if (covered_by > 0) {
    // Older sources hold only lower numbers of this key.
    is_decided_ = true;
  }
}

void KeyLookup::stop_for_disk() {
  is_decided_ = true;
  needs_disk_ = true;
}

Status KeyLookup::look_into(const TableFile& file, const TableReader& table,
                            const TableReadOptions& options, ReadCounters& counters) {
  SequenceNumber covered_by = 0;
  if (const auto& ranges = table.range_tombstones(); ranges && !ranges->empty()) {
    covered_by = ranges->covering_sequence(key_, snapshot_);
  }
  if (!table.may_contain(hash())) {
    count(counters.filter_useful);
    is_decided_ = covered_by > 0;
    return Status::ok();
  }
  count(counters.filter_passed);
  KVHOST_TRY_ASSIGN(std::optional<TableHit> hit,
                    table.get_past_filter(key_, snapshot_, hash(), options));
  if (!hit) {
    count(counters.filter_false_positives);
    file.count_touch();
    is_decided_ = covered_by > 0;
  } else if (hit->needs_disk) {
    stop_for_disk();
  } else {
    block_ = std::move(hit->block);
    decide(hit->record, covered_by);
  }
  return Status::ok();
}

}  // namespace kvhost::engine
