// Opens tables, once each: the reader stays with its TableFile for as long as that lives, so that a
// read that found its file pays for one atomic load.
//
// Threads:   any.
// Lifetime:  borrows file system, block cache and budget; outlived by nothing it opened.
// Errors:    those of TableReader::open(), every time anew until it succeeds; CORRUPTION when the
//            table is not the one that the MANIFEST describes.
#pragma once

#include <array>
#include <string>

#include "base/mutex.hpp"
#include "kvhost/engine/file_system.hpp"
#include "sstable/table_reader.hpp"
#include "version/table_file.hpp"

namespace kvhost::engine {

class TableCache {
 public:
  TableCache(FileSystem& files, std::string directory, TableReader::Dependencies dependencies);

  // The reader lives as long as `file`.
  Result<const TableReader*> reader(const TableFile& file) {
    if (const TableReader* open = file.reader_if_open()) return open;
    return open_slow(file);
  }

 private:
  Result<const TableReader*> open_slow(const TableFile& file);
  Result<std::shared_ptr<TableReader>> open(const FileMetadata& metadata) const;

  FileSystem& files_;
  const std::string directory_;
  const TableReader::Dependencies dependencies_;
  // By file number, so that one slow open does not hold up the others.
  std::array<Mutex, 16> opening_;
};

}  // namespace kvhost::engine
