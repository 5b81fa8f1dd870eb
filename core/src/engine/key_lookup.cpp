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

SequenceNumber KeyLookup::covered_by(const TableReader& table) const {
  const auto& ranges = table.range_tombstones();
  return ranges && !ranges->empty() ? ranges->covering_sequence(key_, snapshot_) : 0;
}

bool KeyLookup::passes_filter(const TableReader& table, ReadCounters& counters) {
  if (table.may_contain(hash())) {
    count(counters.filter_passed);
    return true;
  }
  count(counters.filter_useful);
  is_decided_ = covered_by(table) > 0;
  return false;
}

Status KeyLookup::look_into_block(const TableFile& file, const TableReader& table,
                                  std::size_t block, const TableReadOptions& options,
                                  ReadCounters& counters) {
  const SequenceNumber covering = covered_by(table);
  KVHOST_TRY_ASSIGN(std::optional<TableHit> hit,
                    table.get_at(block, key_, snapshot_, hash(), options));
  if (!hit) {
    count(counters.filter_false_positives);
    file.count_touch();
    is_decided_ = covering > 0;
  } else if (hit->needs_disk) {
    stop_for_disk();
  } else {
    block_ = std::move(hit->block);
    decide(hit->record, covering);
  }
  return Status::ok();
}

}  // namespace kvhost::engine
