// Walks the records of one table, both ways.
//
// Threads:   one.
// Lifetime:  borrows the table; record() lives until the next move.
// Errors:    as RecordIterator: a damaged or unreadable block ends the walk with its Status; a seek
//            starts anew.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cache/block_cache.hpp"
#include "format/record_iterator.hpp"
#include "sstable/data_block.hpp"
#include "sstable/open_table.hpp"
#include "sstable/table_reader.hpp"

namespace kvhost::engine {

class TableIterator final : public RecordIterator {
 public:
  TableIterator(const OpenTable& table, const TableReadOptions& options)
      : table_(table), options_(options) {}

  void seek_to_first() override;
  void seek_to_last() override;
  void seek(std::string_view key, SequenceNumber sequence) override;
  void seek_for_prev(std::string_view key, SequenceNumber sequence) override;
  void next() override;
  void prev() override;
  std::size_t steps_before(std::optional<std::string_view> bound) const override;
  void prepare_seek(std::string_view key) override;
  Status status() const override { return status_; }

  // Where the record is; for checks of the whole table. Require valid().
  std::size_t block_index() const { return block_index_; }
  uint8_t tag() const { return block_.tag(entry_); }

 private:
  static constexpr std::size_t kNoBlock = SIZE_MAX;

  // False when it failed, or when there is no such block; the iterator is not valid then.
  bool go_to_block(std::size_t index);
  Status load(std::size_t index);
  Status load_from_chunk(std::size_t index);
  void read_ahead(std::size_t index);
  void adopt(std::string_view payload);
  void show(std::size_t entry);

  const OpenTable& table_;
  const TableReadOptions options_;
  Status status_;
  std::size_t block_index_ = kNoBlock;
  // The block that pin_ holds, though its columns were not looked at yet.
  std::size_t prepared_index_ = kNoBlock;
  PinnedBlock pin_;
  DataBlock block_;
  std::size_t entry_ = 0;
  // The key is put together here: the block's prefix, then what the entry adds.
  std::string key_;
  Record record_;
  // Several blocks read at once, past the cache: the file's bytes from chunk_begin_.
  BlockBuffer chunk_;
  uint64_t chunk_begin_ = 0;
  // Up to here the kernel was asked to read.
  uint64_t asked_until_ = 0;
};

}  // namespace kvhost::engine
