// Where in the log entries lie: a point now and then, each the place of one entry from which its
// successors follow in the same segment, up to the next point.
//
// Threads:   one; the journal's lock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "log/log_position.hpp"

namespace kvhost::engine {

class JournalIndex {
 public:
  struct Point {
    uint64_t index = 0;
    LogPosition position;
  };
  // Entries between two points, bytes.
  static constexpr uint64_t kSpacing = uint64_t{64} << 10;

  // An entry lies at `position`. Entries are noted in the order of the log.
  void note(uint64_t index, LogPosition position);
  // The next entry noted is a point: something else stands before it.
  void interrupt() { is_interrupted_ = true; }
  void drop_below(uint64_t index);
  void drop_above(uint64_t index);
  void clear();

  // The point to read `index` from, which the index covers.
  std::optional<Point> find(uint64_t index) const;
  // The lowest index of the next point after the one for `index`; UINT64_MAX when it is the last.
  uint64_t end_of_run(uint64_t index) const;
  // Where the oldest entry that counts may be read from.
  std::optional<Point> front() const;

 private:
  std::deque<Point> points_;
  bool is_interrupted_ = true;
};

}  // namespace kvhost::engine
