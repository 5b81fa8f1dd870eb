#include "compaction/file_watch.hpp"

#include <algorithm>

namespace kvhost::engine {

bool FileWatch::is_touched_often(const TableFile& file) {
  const uint64_t touches = file.read_touches();
  if (touches < kLeastTouches) return false;
  const uint64_t first = std::max(kLeastTouches, file.metadata().bytes / kBytesPerTouch);
  uint64_t& next = next_touches_.try_emplace(file.number(), first).first->second;
  if (touches < next) return false;
  next = 2 * touches;
  return true;
}

bool FileWatch::is_newly_sparse(const TableFile& file) {
  const FileMetadata& metadata = file.metadata();
  const uint64_t deletes = metadata.tombstones + metadata.range_deletes;
  return deletes > 0 && 2 * deletes >= metadata.entries && sparse_.insert(file.number()).second;
}

void FileWatch::forget_gone(const Version& version) {
  if (sparse_.size() + next_touches_.size() <= version.file_count()) return;
  std::unordered_set<uint64_t> there;
  version.for_each_file(
      [&there](const SortedRun&, const TableFilePtr& file) { there.insert(file->number()); });
  std::erase_if(sparse_, [&there](uint64_t number) { return !there.contains(number); });
  std::erase_if(next_touches_, [&there](const auto& one) { return !there.contains(one.first); });
}

std::vector<FileWatch::Event> FileWatch::look(const Version& version) {
  std::vector<Event> events;
  version.for_each_file([&](const SortedRun&, const TableFilePtr& file) {
    if (is_newly_sparse(*file)) events.emplace_back(TreeEventType::kTombstones, file->number());
    if (is_touched_often(*file)) events.emplace_back(TreeEventType::kReadTouches, file->number());
  });
  forget_gone(version);
  return events;
}

}  // namespace kvhost::engine
