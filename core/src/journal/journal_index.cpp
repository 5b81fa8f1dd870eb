#include "journal/journal_index.hpp"

#include <algorithm>

namespace kvhost::engine {
namespace {

template <typename Points>
auto after(const Points& points, uint64_t index) {
  return std::upper_bound(
      points.begin(), points.end(), index,
      [](uint64_t wanted, const JournalIndex::Point& point) { return wanted < point.index; });
}

}  // namespace

void JournalIndex::note(uint64_t index, LogPosition position) {
  const bool is_far = points_.empty() || is_interrupted_ ||
                      points_.back().position.segment != position.segment ||
                      position.offset - points_.back().position.offset >= kSpacing;
  if (!is_far) return;
  points_.push_back({index, position});
  is_interrupted_ = false;
}

void JournalIndex::drop_below(uint64_t index) {
  while (points_.size() > 1 && points_[1].index <= index) points_.pop_front();
}

void JournalIndex::drop_above(uint64_t index) {
  while (!points_.empty() && points_.back().index > index) points_.pop_back();
  is_interrupted_ = true;
}

void JournalIndex::clear() {
  points_.clear();
  is_interrupted_ = true;
}

std::optional<JournalIndex::Point> JournalIndex::find(uint64_t index) const {
  const auto next = after(points_, index);
  if (next == points_.begin()) return std::nullopt;
  return *std::prev(next);
}

uint64_t JournalIndex::end_of_run(uint64_t index) const {
  const auto next = after(points_, index);
  return next == points_.end() ? UINT64_MAX : next->index;
}

std::optional<JournalIndex::Point> JournalIndex::front() const {
  if (points_.empty()) return std::nullopt;
  return points_.front();
}

}  // namespace kvhost::engine
