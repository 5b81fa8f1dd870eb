// One table of the tree: its metadata, its reader once it was opened, and its end. Versions share
// it; when the MANIFEST has durably forgotten the table and the last Version that names it is gone,
// its number goes to the ObsoleteFiles of its VersionSet.
//
// Threads:   any.
// Lifetime:  whoever reads the table holds the Version (or this object) meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "sstable/table_reader.hpp"
#include "version/file_metadata.hpp"

namespace kvhost::engine {

// Numbers of tables that may be removed from the disk now. Filled by any thread, emptied by
// VersionSet::remove_obsolete_files().
class ObsoleteFiles {
 public:
  void add(uint64_t number);
  std::vector<uint64_t> take();

 private:
  Mutex mutex_;
  std::vector<uint64_t> numbers_ KVHOST_GUARDED_BY(mutex_);
};

class TableFile {
 public:
  TableFile(FileMetadata metadata, std::shared_ptr<ObsoleteFiles> obsolete_files);
  ~TableFile();
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  const FileMetadata& metadata() const { return metadata_; }
  uint64_t number() const { return metadata_.number; }
  const KeyRange& range() const { return metadata_.range; }

  // Null until TableCache::reader() has opened it; never null again afterwards.
  const TableReader* reader_if_open() const { return reader_.load(std::memory_order_acquire); }

  // A read that looked here in vain. Cheap; counted for policies.
  void count_touch() const { read_touches_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t read_touches() const { return read_touches_.load(std::memory_order_relaxed); }

  // The MANIFEST has durably forgotten the table.
  void mark_obsolete() const { is_obsolete_.store(true, std::memory_order_release); }

 private:
  friend class TableCache;

  const FileMetadata metadata_;
  const std::shared_ptr<ObsoleteFiles> obsolete_files_;
  mutable std::atomic<const TableReader*> reader_{nullptr};
  mutable std::shared_ptr<TableReader> owned_reader_;  // set once, before reader_
  mutable std::atomic<uint64_t> read_touches_{0};
  mutable std::atomic<bool> is_obsolete_{false};
};

using TableFilePtr = std::shared_ptr<const TableFile>;

}  // namespace kvhost::engine
