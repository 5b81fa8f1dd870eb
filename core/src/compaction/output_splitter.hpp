// Decides where one output table ends and the next begins. Asked between user keys only, so that
// the versions of a key never part.
//
// Threads:   one.
// Lifetime:  keeps the run it aligns to.
#pragma once

#include <cstdint>

#include "format/record.hpp"
#include "kvhost/compaction.hpp"
#include "version/version.hpp"

namespace kvhost::engine {

struct SplitRules {
  uint64_t file_bytes = uint64_t{64} << 20;
  // 0 = never.
  uint64_t overlap_bytes = 0;
  uint64_t window_ms = 0;

  // A job's wishes within what the engine can bear.
  static SplitRules of_job(const Job& job, uint64_t default_file_bytes);
};

class OutputSplitter {
 public:
  // `below` is the newest run that is older than the outputs; null when there is none.
  OutputSplitter(const SplitRules& rules, SortedRunPtr below);

  // `first` opens a new output.
  void start_file(const Record& first);
  // Whether the output that now has `file_bytes` ends before `next`, the first record of a key.
  bool ends_before(const Record& next, uint64_t file_bytes);

 private:
  uint64_t window_of(const Record& record) const;
  // Bytes of the files below that end before `key`, counted on.
  void pass_files_below(std::string_view key);

  const SplitRules rules_;
  const SortedRunPtr below_;
  std::size_t next_below_ = 0;
  uint64_t passed_bytes_ = 0;
  uint64_t window_ = 0;
};

}  // namespace kvhost::engine
