#include "version/table_cache.hpp"

#include <utility>

#include "version/file_names.hpp"

namespace kvhost::engine {
namespace {

std::string figures(const FileMetadata& metadata) {
  return std::to_string(metadata.bytes) + " bytes, " + std::to_string(metadata.entries) +
         " records, " + std::to_string(metadata.range_deletes) + " range tombstones, sequences " +
         std::to_string(metadata.min_sequence) + " to " + std::to_string(metadata.max_sequence);
}

}  // namespace

TableCache::TableCache(FileSystem& files, std::string directory,
                       TableReader::Dependencies dependencies)
    : files_(files), directory_(std::move(directory)), dependencies_(dependencies) {}

Result<const TableReader*> TableCache::open_slow(const TableFile& file) {
  const MutexLock lock(opening_[file.number() % opening_.size()]);
  if (const TableReader* opened = file.reader_if_open()) return opened;
  KVHOST_TRY_ASSIGN(file.owned_reader_, open(file.metadata()));
  file.reader_.store(file.owned_reader_.get(), std::memory_order_release);
  return file.reader_if_open();
}

Result<std::shared_ptr<TableReader>> TableCache::open(const FileMetadata& metadata) const {
  const std::string path = table_path(directory_, metadata.number);
  KVHOST_TRY_ASSIGN(auto file, files_.open_for_reading(path));
  KVHOST_TRY_ASSIGN(auto reader,
                    TableReader::open(std::move(file), path, dependencies_, metadata.identity));
  const FileMetadata found =
      FileMetadata::of_table(metadata.number, reader->properties(), metadata.created_at_ms);
  if (found != metadata) {
    return Status(StatusCode::CORRUPTION,
                  path + ": the table is not the one that the MANIFEST describes: expected " +
                      figures(metadata) + "; found " + figures(found));
  }
  return reader;
}

}  // namespace kvhost::engine
