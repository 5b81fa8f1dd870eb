#include "version/table_file.hpp"

#include <utility>

namespace kvhost::engine {

void ObsoleteFiles::add(uint64_t number) {
  const MutexLock lock(mutex_);
  numbers_.push_back(number);
}

std::vector<uint64_t> ObsoleteFiles::take() {
  const MutexLock lock(mutex_);
  return std::exchange(numbers_, {});
}

TableFile::TableFile(FileMetadata metadata, std::shared_ptr<ObsoleteFiles> obsolete_files)
    : metadata_(std::move(metadata)), obsolete_files_(std::move(obsolete_files)) {}

TableFile::~TableFile() {
  // The last owner may be a reader's thread: it only leaves a note, the disk work is not its own.
  if (is_obsolete_.load(std::memory_order_acquire)) obsolete_files_->add(metadata_.number);
}

}  // namespace kvhost::engine
