#include "version/version.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace kvhost::engine {

SortedRun::SortedRun(uint64_t id, uint32_t level, std::vector<TableFilePtr> files)
    : id_(id), level_(level), files_(std::move(files)) {
  KVHOST_ASSERT(!files_.empty(), "a sorted run without files");
  for (const TableFilePtr& file : files_) bytes_ += file->metadata().bytes;
}

KeyRange SortedRun::range() const {
  return {files_.front()->range().smallest, files_.back()->range().largest,
          files_.back()->range().largest_is_exclusive};
}

std::size_t SortedRun::first_not_before(std::string_view key) const {
  const auto first = std::partition_point(
      files_.begin(), files_.end(),
      [key](const TableFilePtr& file) { return file->range().ends_before(key); });
  return static_cast<std::size_t>(first - files_.begin());
}

const TableFile* SortedRun::find(std::string_view key) const {
  const std::size_t index = first_not_before(key);
  if (index == files_.size() || key < files_[index]->range().smallest) return nullptr;
  return files_[index].get();
}

std::span<const TableFilePtr> SortedRun::overlapping(const KeyRange& range) const {
  const std::size_t first = first_not_before(range.smallest);
  const auto end = std::partition_point(
      files_.begin() + static_cast<std::ptrdiff_t>(first), files_.end(),
      [&range](const TableFilePtr& file) { return !range.ends_before(file->range().smallest); });
  return {files_.begin() + static_cast<std::ptrdiff_t>(first), end};
}

std::span<const TableFilePtr> SortedRun::overlapping(std::string_view start,
                                                     std::string_view end) const {
  const std::size_t first = first_not_before(start);
  const auto last = std::partition_point(
      files_.begin() + static_cast<std::ptrdiff_t>(first), files_.end(),
      [end](const TableFilePtr& file) { return end.empty() || file->range().smallest < end; });
  return {files_.begin() + static_cast<std::ptrdiff_t>(first), last};
}

Version::Version(std::vector<SortedRunPtr> runs) : runs_(std::move(runs)) {
  for (const SortedRunPtr& run : runs_) {
    bytes_ += run->bytes();
    file_count_ += run->files().size();
  }
}

std::size_t Version::level0_runs() const {
  const auto end = std::find_if(runs_.begin(), runs_.end(),
                                [](const SortedRunPtr& run) { return run->level() != 0; });
  return static_cast<std::size_t>(end - runs_.begin());
}

Version::Place Version::find_file(uint64_t number) const {
  for (std::size_t run = 0; run < runs_.size(); ++run) {
    const auto& files = runs_[run]->files();
    for (std::size_t file = 0; file < files.size(); ++file) {
      if (files[file]->number() == number) return {run, file};
    }
  }
  return {kNowhere, 0};
}

std::size_t Version::find_run(uint64_t id) const {
  const auto at = std::find_if(runs_.begin(), runs_.end(),
                               [id](const SortedRunPtr& run) { return run->id() == id; });
  return at == runs_.end() ? kNowhere : static_cast<std::size_t>(at - runs_.begin());
}

}  // namespace kvhost::engine
