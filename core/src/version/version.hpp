// The tree of tables at one moment: sorted runs, newest first.
//
// Invariants: level labels never decrease along the runs; the files of a run do not overlap and
//             stand in key order, so a key's versions never straddle two files of a run; where two
//             runs hold the same key, the run that stands first holds the newer records.
// Threads:    immutable; any.
// Lifetime:   shared. A Version keeps its files on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "version/table_file.hpp"

namespace kvhost::engine {

class SortedRun {
 public:
  // Requires `files` in key order, not empty.
  SortedRun(uint64_t id, uint32_t level, std::vector<TableFilePtr> files);

  uint64_t id() const { return id_; }
  uint32_t level() const { return level_; }
  uint64_t bytes() const { return bytes_; }
  const std::vector<TableFilePtr>& files() const { return files_; }
  // Hull of the files' ranges.
  KeyRange range() const;

  // The file whose range contains `key`; null when there is none.
  const TableFile* find(std::string_view key) const;
  // Index of the first file that does not end before `key`; files().size() when all do.
  std::size_t first_not_before(std::string_view key) const;
  // The files that overlap `range`, in key order.
  std::span<const TableFilePtr> overlapping(const KeyRange& range) const;
  // The files that overlap [start, end); an empty `end` stands for no end.
  std::span<const TableFilePtr> overlapping(std::string_view start, std::string_view end) const;

 private:
  const uint64_t id_;
  const uint32_t level_;
  const std::vector<TableFilePtr> files_;
  uint64_t bytes_ = 0;
};

using SortedRunPtr = std::shared_ptr<const SortedRun>;

class Version {
 public:
  Version() = default;
  explicit Version(std::vector<SortedRunPtr> runs);

  // Newest first.
  const std::vector<SortedRunPtr>& runs() const { return runs_; }
  uint64_t bytes() const { return bytes_; }
  std::size_t file_count() const { return file_count_; }
  std::size_t level0_runs() const;

  // Where a file stands.
  struct Place {
    std::size_t run = 0;
    std::size_t file = 0;
  };
  static constexpr std::size_t kNowhere = SIZE_MAX;
  // Place::run is kNowhere when no file has this number.
  Place find_file(uint64_t number) const;
  // kNowhere when there is none.
  std::size_t find_run(uint64_t id) const;
  const TableFilePtr& file_at(Place place) const { return runs_[place.run]->files()[place.file]; }

  // Calls `visit(run, file)` for every file.
  template <typename Visitor>
  void for_each_file(Visitor&& visit) const {
    for (const SortedRunPtr& run : runs_) {
      for (const TableFilePtr& file : run->files()) visit(*run, file);
    }
  }

 private:
  std::vector<SortedRunPtr> runs_;
  uint64_t bytes_ = 0;
  std::size_t file_count_ = 0;
};

using VersionPtr = std::shared_ptr<const Version>;

}  // namespace kvhost::engine
