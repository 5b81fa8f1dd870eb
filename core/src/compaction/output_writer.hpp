// Writes the outputs of a merge: tables that follow each other in key order without overlap, each
// with its stretch of the range tombstones, each read back before anyone relies on it.
//
// Threads:   one.
// Lifetime:  borrows everything in Target. Tables that keep() was not called for are removed by the
//            destructor.
// Errors:    NO_SPACE, IO_ERROR; CORRUPTION when a table does not read back as it was written.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "compaction/output_splitter.hpp"
#include "format/record.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"
#include "sstable/table_builder.hpp"
#include "version/file_metadata.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

class OutputWriter {
 public:
  struct Target {
    FileSystem& files;
    VersionSet& versions;
    TableOptions table;
    uint64_t created_at_ms = 0;
  };

  // `tombstones` ascend by start and live as long as the writer.
  OutputWriter(const Target& target, OutputSplitter splitter,
               std::vector<RangeTombstone> tombstones);
  ~OutputWriter();
  OutputWriter(const OutputWriter&) = delete;
  OutputWriter& operator=(const OutputWriter&) = delete;

  // In internal order.
  Status add(const Record& record);
  // Ends the last table, reads every one back, makes their names durable.
  Status finish(const std::function<Status()>& may_go_on);
  // The tables belong to the tree now, or may.
  void keep() { is_kept_ = true; }

  const std::vector<FileMetadata>& tables() const { return tables_; }
  uint64_t bytes_written() const;

 private:
  Status start_table(const Record* first);
  // Ends the current table, which may hold keys below `end`; no `end` for the last one.
  Status end_table(const std::string* end);
  void add_tombstones(const std::string* end);
  Status verify(const FileMetadata& table) const;

  const Target target_;
  OutputSplitter splitter_;
  const std::vector<RangeTombstone> tombstones_;
  // Tombstones before it end before the table at hand begins.
  std::size_t first_tombstone_ = 0;
  std::unique_ptr<TableBuilder> builder_;
  uint64_t number_ = 0;
  // Where the table at hand begins, keys below were the ones before's; empty for the first.
  std::string lower_bound_;
  std::string last_key_;
  std::vector<uint64_t> numbers_;
  std::vector<FileMetadata> tables_;
  bool is_kept_ = false;
};

}  // namespace kvhost::engine
