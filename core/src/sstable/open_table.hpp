// An open table: its file, what of it is resident, and its data blocks, checked.
//
// Threads:   immutable after open(); any.
// Lifetime:  owns the file; borrows cache and budget.
// Errors:    CORRUPTION, FORMAT_UNSUPPORTED, IO_ERROR; messages name path, offset, expected, found.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cache/block_cache.hpp"
#include "cache/memory_budget.hpp"
#include "format/range_tombstones.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "sstable/block_envelope.hpp"
#include "sstable/data_block.hpp"
#include "sstable/fences.hpp"
#include "sstable/filter.hpp"
#include "sstable/table_frame.hpp"
#include "sstable/table_properties.hpp"

namespace kvhost::engine {

class OpenTable {
 public:
  static Result<std::unique_ptr<const OpenTable>> open(std::unique_ptr<RandomAccessFile> file,
                                                       std::string path, BlockCache* cache,
                                                       MemoryBudget* budget,
                                                       std::optional<FileIdentity> identity);

  // For open() alone: a table that is not loaded yet.
  OpenTable(std::unique_ptr<RandomAccessFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  OpenTable(const OpenTable&) = delete;
  OpenTable& operator=(const OpenTable&) = delete;

  const std::string& path() const { return path_; }
  const RandomAccessFile& file() const { return *file_; }
  const TableFooter& footer() const { return footer_; }
  const TableProperties& properties() const { return properties_; }
  const Fences& fences() const { return fences_; }
  const Filter& filter() const { return filter_; }
  const std::shared_ptr<const FragmentedRangeTombstones>& range_tombstones() const {
    return range_tombstones_;
  }
  std::size_t resident_bytes() const;

  // A data block, from the cache or the file; its payload is where the view begins. Kept in the
  // cache when asked.
  Result<PinnedBlock> load_block(std::size_t index, bool fill_cache) const;
  // As in FileCache; nothing without a cache, or past the last block.
  void prefetch_slot(std::size_t index) const {
    if (cache_ != nullptr && index < fences_.blocks()) cache_->prefetch_slot(index);
  }
  void prefetch_block(std::size_t index) const {
    if (cache_ != nullptr && index < fences_.blocks()) cache_->prefetch_block(index);
  }
  // The block if the cache holds it, else an empty pin.
  PinnedBlock cached_block(std::size_t index) const {
    return cache_ == nullptr ? PinnedBlock() : cache_->get(index);
  }
  // The stored bytes of a place in the file, unchecked.
  Result<BlockBuffer> read(const BlockHandle& handle) const;
  // Checks the stored bytes of data block `index`, envelope and structure.
  Result<OpenedBlock> open_data_block(std::string_view stored, std::size_t index) const;

 private:
  Status read_frame(std::optional<FileIdentity> identity);
  Status load_residents();
  void account(BlockCache* cache, MemoryBudget* budget);

  std::unique_ptr<RandomAccessFile> file_;
  std::string path_;
  TableFooter footer_;
  TableProperties properties_;
  Fences fences_;
  BlockBuffer filter_bytes_;
  Filter filter_;
  std::shared_ptr<const FragmentedRangeTombstones> range_tombstones_;
  std::shared_ptr<FileCache> cache_;
  BudgetCharge filter_charge_;
  BudgetCharge fences_charge_;
};

}  // namespace kvhost::engine
