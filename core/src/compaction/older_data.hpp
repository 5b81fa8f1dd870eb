// What may lie below the outputs of a job: the question that every dropped tombstone hangs on.
//
// Threads:   immutable; any.
// Lifetime:  owns its copy of the ranges' owners (the files).
#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

#include "version/version.hpp"

namespace kvhost::engine {

class OlderData {
 public:
  // Nothing is older.
  OlderData() = default;
  // Every file of `version` from run `first_run` on, but for the numbers in `except`.
  OlderData(const Version& version, std::size_t first_run,
            const std::unordered_set<uint64_t>& except);

  // False: no version of `key` is there.
  bool may_hold(std::string_view key) const;
  // False: no key of [start, end) is there, and no range tombstone reaches into it.
  bool may_overlap(std::string_view start, std::string_view end) const;
  bool may_overlap(const KeyRange& range) const;

 private:
  std::vector<SortedRunPtr> runs_;
};

}  // namespace kvhost::engine
