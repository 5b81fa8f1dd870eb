// Looks at the tree's files for what no flush and no job tells: files that reads look into in vain
// again and again, and files that are mostly tombstones. Each is told once, reads again whenever
// they have doubled.
//
// Threads:   one.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "kvhost/compaction.hpp"
#include "version/version.hpp"

namespace kvhost::engine {

class FileWatch {
 public:
  using Event = std::pair<TreeEventType, uint64_t>;

  // Events kReadTouches and kTombstones with the file's number.
  std::vector<Event> look(const Version& version);

  // A lookup in vain costs about as much as merging this many bytes (LevelDB's measure).
  static constexpr uint64_t kBytesPerTouch = uint64_t{16} << 10;
  static constexpr uint64_t kLeastTouches = 100;

 private:
  bool is_touched_often(const TableFile& file);
  bool is_newly_sparse(const TableFile& file);
  void forget_gone(const Version& version);

  // By file: the number of touches that is told next.
  std::unordered_map<uint64_t, uint64_t> next_touches_;
  std::unordered_set<uint64_t> sparse_;
};

}  // namespace kvhost::engine
