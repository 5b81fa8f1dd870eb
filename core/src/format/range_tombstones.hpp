// A set of range tombstones cut at each other's ends into fragments that do not overlap, so that
// "what deletes this key?" is a search. Any number of overlapping tombstones takes O(n log n)
// memory: fragments are the leaves of a segment tree, and a tombstone sits in O(log n) nodes of it.
//
// Threads:   immutable after construction; any.
// Lifetime:  borrows the keys of the tombstones, unless made by copy_of().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/record.hpp"

namespace kvhost::engine {

class FragmentedRangeTombstones {
 public:
  // One stretch of keys with the numbers of all tombstones that cover it, newest first.
  struct Fragment {
    std::string_view start;
    std::string_view end;  // exclusive
    std::vector<SequenceNumber> sequences;
  };

  FragmentedRangeTombstones() = default;
  // In any order; a tombstone whose start is not below its end covers nothing.
  explicit FragmentedRangeTombstones(std::span<const RangeTombstone> tombstones);
  // The same, with the keys copied.
  static std::shared_ptr<const FragmentedRangeTombstones> copy_of(
      std::span<const RangeTombstone> tombstones);

  FragmentedRangeTombstones(const FragmentedRangeTombstones&) = delete;
  FragmentedRangeTombstones& operator=(const FragmentedRangeTombstones&) = delete;
  FragmentedRangeTombstones(FragmentedRangeTombstones&&) = default;
  FragmentedRangeTombstones& operator=(FragmentedRangeTombstones&&) = default;

  bool empty() const { return tombstones_.empty(); }
  // The tombstones as given (without the empty ones), by start, then newest first.
  std::span<const RangeTombstone> tombstones() const { return tombstones_; }
  // Of the index; keys not counted.
  std::size_t memory_bytes() const {
    return sizeof *this + tombstones_.size() * sizeof(RangeTombstone) +
           bounds_.size() * sizeof(std::string_view) + begins_.size() * sizeof(uint32_t) +
           sequences_.size() * sizeof(SequenceNumber);
  }

  // The newest number not above `snapshot` of a tombstone that covers `key`; 0 = none. O(log n).
  // A record is deleted by it when its own number is lower.
  SequenceNumber covering_sequence(std::string_view key, SequenceNumber snapshot) const;

  // Fragments in key order, those that nothing covers left out of for_each_fragment().
  // A fragment's index runs from 0 to fragment_count() - 1.
  std::size_t fragment_count() const { return bounds_.empty() ? 0 : bounds_.size() - 1; }
  // `sequences` is empty when nothing covers the stretch.
  Fragment fragment(std::size_t index) const;
  // The index of the fragment that contains `key`, or of the next one; fragment_count() past the
  // end.
  std::size_t find_fragment(std::string_view key) const;
  template <typename Visitor>
  void for_each_fragment(Visitor&& visit) const {
    for (std::size_t i = 0; i < fragment_count(); ++i) {
      if (Fragment one = fragment(i); !one.sequences.empty()) visit(one);
    }
  }

 private:
  void build();
  void place(std::size_t first, std::size_t last, SequenceNumber sequence, bool counting);

  std::vector<RangeTombstone> tombstones_;
  // Every start and end, ascending and unique: fragment i is [bounds_[i], bounds_[i + 1]).
  std::vector<std::string_view> bounds_;
  // Node n of the segment tree (leaf of fragment i: i + leaves) holds sequences_[begins_[n] …
  // begins_[n + 1]), newest first.
  std::vector<uint32_t> begins_;
  std::vector<SequenceNumber> sequences_;
  // The keys, when made by copy_of().
  std::unique_ptr<char[]> storage_;
};

}  // namespace kvhost::engine
