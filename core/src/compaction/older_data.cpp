#include "compaction/older_data.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace kvhost::engine {

OlderData::OlderData(const Version& version, std::size_t first_run,
                     const std::unordered_set<uint64_t>& except) {
  for (std::size_t i = first_run; i < version.runs().size(); ++i) {
    const SortedRunPtr& run = version.runs()[i];
    std::vector<TableFilePtr> files;
    std::copy_if(run->files().begin(), run->files().end(), std::back_inserter(files),
                 [&except](const TableFilePtr& file) { return !except.contains(file->number()); });
    if (files.empty()) continue;
    runs_.push_back(files.size() == run->files().size()
                        ? run
                        : std::make_shared<SortedRun>(run->id(), run->level(), std::move(files)));
  }
}

bool OlderData::may_hold(std::string_view key) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [key](const SortedRunPtr& run) { return run->find(key) != nullptr; });
}

bool OlderData::may_overlap(std::string_view start, std::string_view end) const {
  return std::any_of(runs_.begin(), runs_.end(), [start, end](const SortedRunPtr& run) {
    return !run->overlapping(start, end).empty();
  });
}

bool OlderData::may_overlap(const KeyRange& range) const {
  return std::any_of(runs_.begin(), runs_.end(), [&range](const SortedRunPtr& run) {
    return !run->overlapping(range).empty();
  });
}

}  // namespace kvhost::engine
