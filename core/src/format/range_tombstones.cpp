#include "format/range_tombstones.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

namespace kvhost::engine {

FragmentedRangeTombstones::FragmentedRangeTombstones(std::span<const RangeTombstone> tombstones) {
  tombstones_.reserve(tombstones.size());
  for (const RangeTombstone& one : tombstones) {
    if (one.start < one.end) tombstones_.push_back(one);
  }
  build();
}

std::shared_ptr<const FragmentedRangeTombstones> FragmentedRangeTombstones::copy_of(
    std::span<const RangeTombstone> tombstones) {
  std::size_t bytes = 0;
  for (const RangeTombstone& one : tombstones) bytes += one.start.size() + one.end.size();
  auto storage = std::make_unique<char[]>(bytes);
  char* to = storage.get();
  const auto keep = [&to](std::string_view key) {
    if (!key.empty()) std::memcpy(to, key.data(), key.size());
    const std::string_view kept(to, key.size());
    to += key.size();
    return kept;
  };
  std::vector<RangeTombstone> copies;
  copies.reserve(tombstones.size());
  for (const RangeTombstone& one : tombstones) {
    const std::string_view start = keep(one.start);
    copies.push_back({start, keep(one.end), one.sequence});
  }
  auto result = std::make_shared<FragmentedRangeTombstones>(copies);
  result->storage_ = std::move(storage);
  return result;
}

void FragmentedRangeTombstones::build() {
  std::sort(tombstones_.begin(), tombstones_.end(),
            [](const RangeTombstone& a, const RangeTombstone& b) {
              return compare_internal(a.start, a.sequence, b.start, b.sequence) < 0;
            });
  bounds_.reserve(tombstones_.size() * 2);
  for (const RangeTombstone& one : tombstones_) {
    bounds_.push_back(one.start);
    bounds_.push_back(one.end);
  }
  std::sort(bounds_.begin(), bounds_.end());
  bounds_.erase(std::unique(bounds_.begin(), bounds_.end()), bounds_.end());

  // Lists are filled newest first by placing the tombstones in that order.
  std::vector<uint32_t> order(tombstones_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    return tombstones_[a].sequence > tombstones_[b].sequence;
  });
  begins_.assign(2 * fragment_count() + 2, 0);
  for (const bool counting : {true, false}) {
    for (const uint32_t i : order) {
      const RangeTombstone& one = tombstones_[i];
      place(find_fragment(one.start), find_fragment(one.end), one.sequence, counting);
    }
    if (counting) {
      // Counts of node n stand at n + 2, so their sums stand one early: begins_[n + 1] is where
      // node n begins. Filling moves it to where node n ends, which is where node n + 1 begins.
      std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
      sequences_.resize(begins_.back());
    }
  }
}

void FragmentedRangeTombstones::place(std::size_t first, std::size_t last, SequenceNumber sequence,
                                      bool counting) {
  const std::size_t leaves = fragment_count();
  const auto put = [&](std::size_t node) {
    if (counting) {
      ++begins_[node + 2];
    } else {
      sequences_[begins_[node + 1]++] = sequence;
    }
  };
  std::size_t from = first + leaves;
  std::size_t to = last + leaves;
  for (; from < to; from /= 2, to /= 2) {
    if (from % 2 == 1) put(from++);
    if (to % 2 == 1) put(--to);
  }
}

std::size_t FragmentedRangeTombstones::find_fragment(std::string_view key) const {
  if (bounds_.empty()) return 0;
  const auto after = std::upper_bound(bounds_.begin(), bounds_.end(), key);
  return after == bounds_.begin() ? 0 : static_cast<std::size_t>(after - bounds_.begin()) - 1;
}

SequenceNumber FragmentedRangeTombstones::covering_sequence(std::string_view key,
                                                            SequenceNumber snapshot) const {
  if (bounds_.empty() || key < bounds_.front()) return 0;
  const std::size_t index = find_fragment(key);
  if (index >= fragment_count()) return 0;
  SequenceNumber newest = 0;
  for (std::size_t node = index + fragment_count(); node >= 1; node /= 2) {
    const auto begin = sequences_.begin() + begins_[node];
    const auto end = sequences_.begin() + begins_[node + 1];
    const auto visible = std::partition_point(
        begin, end, [snapshot](SequenceNumber sequence) { return sequence > snapshot; });
    if (visible != end) newest = std::max(newest, *visible);
  }
  return newest;
}

FragmentedRangeTombstones::Fragment FragmentedRangeTombstones::fragment(std::size_t index) const {
  Fragment result{bounds_[index], bounds_[index + 1], {}};
  for (std::size_t node = index + fragment_count(); node >= 1; node /= 2) {
    result.sequences.insert(result.sequences.end(), sequences_.begin() + begins_[node],
                            sequences_.begin() + begins_[node + 1]);
  }
  std::sort(result.sequences.begin(), result.sequences.end(), std::greater<>());
  result.sequences.erase(std::unique(result.sequences.begin(), result.sequences.end()),
                         result.sequences.end());
  return result;
}

}  // namespace kvhost::engine
