// Writes one table: records in internal order, range tombstones in any order, then finish().
//
// Threads:   one.
// Lifetime:  owns the file; records are copied.
// Errors:    what the file reports (NO_SPACE, IO_ERROR); after an error the file is of no use, the
//            caller removes it. Records out of order assert.
// Format:    docs/formats/sstable.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "format/record.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "sstable/table_options.hpp"
#include "sstable/table_properties.hpp"

namespace kvhost::engine {

class TableBuilder {
 public:
  // `file` is new and empty; `path` is for messages.
  TableBuilder(const TableOptions& options, std::unique_ptr<WritableFile> file, std::string path);
  // Without finish() the file is left as it is, closed.
  ~TableBuilder();
  TableBuilder(const TableBuilder&) = delete;
  TableBuilder& operator=(const TableBuilder&) = delete;

  // Requires kPut or kTombstone, after the record before in internal order. TOO_LARGE beyond 1 GiB.
  Status add(const Record& record);
  // Ignored when start is not below end.
  void add_range_tombstone(const RangeTombstone& tombstone);
  // Writes what is left, syncs and closes the file. The directory is the caller's to sync. Requires
  // at least one record or range tombstone; nothing may be called afterwards.
  Result<TableProperties> finish();

  // Records added so far.
  uint64_t entries() const;
  // Of the file if it were finished now, within a few KiB.
  uint64_t estimated_file_size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvhost::engine
