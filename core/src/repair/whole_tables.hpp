// Tells the whole tables of a damaged database from the others.
//
// Threads:   one.
// Lifetime:  borrows the file system.
// Errors:    check() and open(): CORRUPTION, FORMAT_UNSUPPORTED, IO_ERROR of reading the table: all
//            mean that it cannot be kept. is_fatal() tells what ends the whole repair.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "sstable/table_reader.hpp"
#include "version/file_metadata.hpp"

namespace kvhost::engine {

struct FoundTables {
  std::vector<std::shared_ptr<TableReader>> tables;
  std::vector<std::string> lost;
};

class WholeTables {
 public:
  WholeTables(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  // OK when the table is there, is the one meant, and every byte of it is good.
  Status check(const FileMetadata& table) const;
  // Opens and checks the table at `path`.
  Result<std::shared_ptr<TableReader>> open(
      const std::string& path, std::optional<FileIdentity> identity = std::nullopt) const;
  // Every table of the directory, whatever names it.
  Result<FoundTables> find_all() const;

 private:
  FileSystem& files_;
  const std::string directory_;
};

// Errors that are not the table's: out of descriptors or memory, a format that is newer.
bool is_fatal(const Status& status);
// `000007.sst: 12 records, keys "a" to "z": why`.
std::string describe_lost(const FileMetadata& table, const Status& why);

}  // namespace kvhost::engine
