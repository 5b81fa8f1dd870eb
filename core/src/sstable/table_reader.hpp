// Reads one finished table. Filter, fences, range tombstones and properties stay in memory for as
// long as the reader lives; data blocks come through the block cache.
//
// Threads:   any; iterators one each.
// Lifetime:  owns its file; borrows cache and budget. Iterators and hits outlive the reader only as
//            far as they hold blocks of the cache: keep the reader for as long as they are used.
// Errors:    CORRUPTION (names file, offset, expected, found), FORMAT_UNSUPPORTED, IO_ERROR.
// Format:    docs/formats/sstable.md
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/block_cache.hpp"
#include "cache/memory_budget.hpp"
#include "format/entry_hash.hpp"
#include "format/found_record.hpp"
#include "format/range_tombstones.hpp"
#include "format/record_iterator.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "sstable/table_properties.hpp"

namespace kvhost::engine {

class OpenTable;

// What a lookup in one table found. `record.value` lives as long as `block`.
struct TableHit {
  FoundRecord record;
  PinnedBlock block;
  // Nothing else is set: cache_only was asked and the block is not in the cache.
  bool needs_disk = false;
};

struct TableReadOptions {
  // False leaves the cache as it is: for compactions and checks.
  bool fill_cache = true;
  // Read this much at once when blocks are walked in order; 0 = block by block.
  std::size_t readahead_bytes = 0;
  // get() only: a block that is not in the cache is not read; the hit says needs_disk.
  bool cache_only = false;
};

class TableReader {
 public:
  struct Dependencies {
    BlockCache* cache = nullptr;     // null: every block is read from the file
    MemoryBudget* budget = nullptr;  // null: not counted
  };

  // `path` is for messages. With `identity` the file must carry it.
  static Result<std::shared_ptr<TableReader>> open(
      std::unique_ptr<RandomAccessFile> file, std::string path, Dependencies dependencies,
      std::optional<FileIdentity> identity = std::nullopt);
  // Use open().
  explicit TableReader(std::unique_ptr<const OpenTable> file);
  ~TableReader();
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  // The newest version of `key` with a number not above `max_sequence`, tombstones included; empty
  // when there is none. `hash` is key_hash(key). Range tombstones are asked apart.
  Result<std::optional<TableHit>> get(std::string_view key, SequenceNumber max_sequence,
                                      uint64_t hash, const TableReadOptions& options = {}) const;
  // The same for a caller that has asked may_contain() itself, and maybe locate().
  Result<std::optional<TableHit>> get_past_filter(std::string_view key, SequenceNumber max_sequence,
                                                  uint64_t hash,
                                                  const TableReadOptions& options = {}) const {
    return get_at(locate(key), key, max_sequence, hash, options);
  }
  Result<std::optional<TableHit>> get_at(std::size_t block, std::string_view key,
                                         SequenceNumber max_sequence, uint64_t hash,
                                         const TableReadOptions& options = {}) const;
  // The block that `key` begins in, whose slot in the cache is brought near.
  std::size_t locate(std::string_view key) const;
  // Brings a located block near, when its slot has had time to arrive.
  void prefetch_block(std::size_t block) const;
  // Brings the filter line of a key near, ahead of may_contain() or get().
  void prefetch_filter(uint64_t hash) const;
  // False: no version of the key is here. get() asks this itself.
  bool may_contain(uint64_t hash) const;

  std::unique_ptr<RecordIterator> iterator(const TableReadOptions& options = {}) const;
  // Empty object when there are none.
  const std::shared_ptr<const FragmentedRangeTombstones>& range_tombstones() const;

  const TableProperties& properties() const;
  const std::string& path() const;
  // Where the block of `key` begins, or would: a measure of how much lies before it.
  uint64_t approximate_offset(std::string_view key) const;
  // Filter, fences, range tombstones.
  std::size_t resident_bytes() const;

  // Reads the whole file past the cache and checks all that can be checked: checksums, order,
  // fences, filter, properties.
  Status verify_all() const;

 private:
  const std::unique_ptr<const OpenTable> file_;
};

}  // namespace kvhost::engine
