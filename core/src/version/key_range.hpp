// A stretch of engine keys, as a table or a job covers it. The upper end is inclusive, unless it is
// only the end of a range tombstone.
//
// Threads:   a value.
#pragma once

#include <string>
#include <string_view>

namespace kvhost::engine {

struct KeyRange {
  std::string smallest;
  std::string largest;
  bool largest_is_exclusive = false;

  // Every key of the range sorts before `key`.
  bool ends_before(std::string_view key) const {
    return largest_is_exclusive ? largest <= key : largest < key;
  }
  bool contains(std::string_view key) const { return smallest <= key && !ends_before(key); }
  bool overlaps(const KeyRange& other) const {
    return !ends_before(other.smallest) && !other.ends_before(smallest);
  }
  // Of [start, end); an empty `end` stands for no end.
  bool overlaps(std::string_view start, std::string_view end) const {
    return !ends_before(start) && (end.empty() || smallest < end);
  }
  // True when the upper end of this range lies below that of `other`.
  bool largest_below(const KeyRange& other) const {
    const int order = largest.compare(other.largest);
    return order < 0 || (order == 0 && largest_is_exclusive && !other.largest_is_exclusive);
  }
  // Grows to cover `other` too.
  void extend(const KeyRange& other) {
    if (other.smallest < smallest) smallest = other.smallest;
    if (largest_below(other)) {
      largest = other.largest;
      largest_is_exclusive = other.largest_is_exclusive;
    }
  }

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

}  // namespace kvhost::engine
