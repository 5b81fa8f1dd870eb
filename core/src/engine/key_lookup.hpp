// One key's way through the sources, newest to oldest. The caller feeds it sources until it is
// decided; what it found then lies in it.
//
// Threads:   one.
// Lifetime:  the found value lives as long as the super version looked at, or as the block pinned.
#pragma once

#include <optional>
#include <string_view>

#include "cache/block_cache.hpp"
#include "engine/memtable_unit.hpp"
#include "engine/statistics_counters.hpp"
#include "format/entry_hash.hpp"
#include "format/found_record.hpp"
#include "kvhost/engine/engine.hpp"
#include "sstable/table_reader.hpp"
#include "version/table_file.hpp"

namespace kvhost::engine {

class KeyLookup {
 public:
  KeyLookup(std::string_view key, SequenceNumber snapshot) : key_(key), snapshot_(snapshot) {}

  bool is_decided() const { return is_decided_; }
  // The deciding record, if one was found and no range tombstone covers it. May be a tombstone or
  // expired.
  const std::optional<FoundRecord>& record() const { return record_; }
  // The block or the memtable that the record's value lies in.
  PinnedBlock& block() { return block_; }
  const std::shared_ptr<MemtableUnit>* memtable() const { return memtable_; }
  bool needs_disk() const { return needs_disk_; }

  std::string_view key() const { return key_; }
  // Computed once, when the first table asks.
  uint64_t hash() {
    if (!hash_) hash_ = key_hash(key_);
    return *hash_;
  }

  void look_into(const std::shared_ptr<MemtableUnit>& unit);
  // Decided without asking more: a table would have to be opened from the disk.
  void stop_for_disk();
  Status look_into(const TableFile& file, const TableReader& table, const TableReadOptions& options,
                   ReadCounters& counters) {
    if (!passes_filter(table, counters)) return Status::ok();
    return look_into_block(file, table, table.locate(key_), options, counters);
  }
  // The same in two steps, so that many keys can wait for memory together. False: nothing of the
  // key is in the table.
  bool passes_filter(const TableReader& table, ReadCounters& counters);
  Status look_into_block(const TableFile& file, const TableReader& table, std::size_t block,
                         const TableReadOptions& options, ReadCounters& counters);

 private:
  SequenceNumber covered_by(const TableReader& table) const;
  void decide(const FoundRecord& found, SequenceNumber covered_by);

  const std::string_view key_;
  const SequenceNumber snapshot_;
  std::optional<uint64_t> hash_;
  bool is_decided_ = false;
  bool needs_disk_ = false;
  std::optional<FoundRecord> record_;
  PinnedBlock block_;
  const std::shared_ptr<MemtableUnit>* memtable_ = nullptr;
};

}  // namespace kvhost::engine
