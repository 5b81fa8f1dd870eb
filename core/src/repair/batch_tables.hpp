// Turns batches of the log into tables of a database that is being made: newest last, a table each
// time that enough has been gathered.
//
// Threads:   one.
// Lifetime:  borrows the file system and the version set.
// Errors:    CORRUPTION of a payload; NO_SPACE, IO_ERROR.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "memtable/memtable.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine {

class BatchTables {
 public:
  BatchTables(FileSystem& files, VersionSet& versions, uint64_t table_bytes)
      : files_(files), versions_(versions), table_bytes_(table_bytes) {}

  // A well-formed payload, newer than all before.
  Status add(std::string_view payload);
  // Writes what is left.
  Status finish();
  // Oldest first.
  const std::vector<FileMetadata>& tables() const { return tables_; }

 private:
  Status write();

  FileSystem& files_;
  VersionSet& versions_;
  const uint64_t table_bytes_;
  std::unique_ptr<Memtable> memtable_ = std::make_unique<Memtable>();
  std::vector<FileMetadata> tables_;
};

}  // namespace kvhost::engine
